import { internalQueueName, internalQueues } from '../../lib/config.ts'
import { ownSqsNames } from '../../lib/model/queue.ts'
import { copyOf } from './copies.ts'
import { type Cloud, Environment } from './environment.ts'
import { onBehalfOf } from './operation.ts'
import { Get } from './operations/get.ts'
import type { SimMessage } from './sqs/sim-message.ts'
import type { Stage } from './stage.ts'

/** After a quiet while: nothing is left half done, nothing is left over, and everything that is there can be had. */
export async function checkTheEnd(cloud: Cloud, stage: Stage): Promise<void> {
  const { witness } = stage
  const { unfinishedRelays } = witness.ledger
  if (unfinishedRelays > 0) witness.fail(`${unfinishedRelays} fan-outs were never finished`)
  checkQueues(cloud, stage)
  checkDead(cloud, stage)
  checkExpired(stage)
  const environment = new Environment(cloud)
  const names = Array.from(witness.history.latest.queues(), ({ queue }) => queue.name)
  // What is received once too often on the way comes back by another queue.
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) await drain(stage, environment, name)
    await environment.process.sleep(ROUND_MS)
  }
  for (const name of names) {
    const left = messagesIn(stage, name).map((message) => copyOf(message).label)
    if (left.length > 0) witness.fail(`${left} can never be had from ${name}`)
  }
}

const ROUNDS = 3
const ROUND_MS = 5000

/** Without any consumer, what expires goes in time. */
function checkExpired({ sqs, witness }: Stage): void {
  for (const queue of sqs.queues.filter(({ name }) => witness.history.queueOf(name))) {
    const late = queue.messages.map(copyOf).filter((copy) => witness.hasExpired(copy, sqs.nowMs - LATE_MS))
    if (late.length > 0) witness.fail(`${late.map(({ label }) => label)} expired in ${queue.name} and are still there`)
  }
}

const LATE_MS = 5 * 60_000

/** What died has been passed on, unless its queue is gone. */
function checkDead({ sqs, config }: Cloud, { witness }: Stage): void {
  for (const name of ['dead', 'dead.fifo', 'failed', 'failed.fifo'] as const) {
    for (const message of sqs.require(internalQueueName(config, name)).messages) {
      // What SQS brings back after its deletion was passed on before.
      if (message.isDeleted) continue
      const queueId = witness.ledger.deathOf(message)?.queueId
      const isGone = queueId !== undefined && witness.history.latest.queueById(queueId) === undefined
      if (!isGone) witness.fail(`${copyOf(message).label} is still in '${name}'`)
    }
  }
}

/** Every declared queue has its SQS queue, and no SQS queue has outlived its queue. */
function checkQueues({ sqs, config }: Cloud, { witness }: Stage): void {
  const declared = new Set(Array.from(witness.history.latest.queues(), ({ queue }) => ownSqsNames(queue)).flat())
  const internal = internalQueues().map((queue) => internalQueueName(config, queue))
  const existing = new Set(sqs.queues.map(({ name }) => name).filter((name) => !internal.includes(name)))
  const missing = [...declared.difference(existing)]
  const left = [...existing.difference(declared)]
  if (missing.length + left.length > 0) witness.fail(`missing SQS queues: [${missing}], left over: [${left}]`)
}

async function drain(stage: Stage, environment: Environment, queue: string): Promise<void> {
  for (let answer = ''; answer !== '[]'; ) {
    const get = new Get(stage, { queue, count: 25, ackMode: 'ack_requeue_false', waitS: 1, visibilityS: 30 })
    answer = await onBehalfOf(get, () => get.run(environment))
  }
}

function messagesIn({ witness, sqs }: Stage, queue: string): SimMessage[] {
  const name = witness.history.latest.queueByName(queue)?.sqsQueues[0]?.name
  return name === undefined ? [] : sqs.require(name).messages
}

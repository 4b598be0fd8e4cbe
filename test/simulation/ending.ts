import { internalQueueName, internalQueues } from '../../lib/config.ts'
import { ownSqsNames } from '../../lib/model/queue.ts'
import { copyOf } from './copies.ts'
import { type Cloud, Environment } from './environment.ts'
import { onBehalfOf } from './operation.ts'
import { Get } from './operations/get.ts'
import type { SimMessage } from './sqs/sim-message.ts'
import type { Stage } from './stage.ts'

/** After a quiet while: nothing is left half done, nothing is left over, and everything that is there can be had. */
export async function checkTheEnd(cloud: Cloud, stages: readonly Stage[]): Promise<void> {
  checkQueues(cloud, stages)
  const environment = new Environment(cloud)
  for (const stage of stages) {
    const { witness } = stage
    const { unfinishedRelays } = witness.ledger
    if (unfinishedRelays > 0) witness.fail(`${unfinishedRelays} fan-outs were never finished`)
    checkExpired(stage)
    checkAttributes(environment, stage)
    witness.scheduled.checkTheEnd()
    witness.recent.checkTheEnd()
    witness.unused.checkTheEnd()
  }
  await Promise.all(stages.map((stage) => drainAll(stage, environment)))
  checkDead(cloud, stages)
}

/** What is received once too often on the way comes back by another queue. */
async function drainAll(stage: Stage, environment: Environment): Promise<void> {
  const { witness } = stage
  const names = Array.from(witness.history.latest.queues(), ({ queue }) => queue.name)
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

/** Without any consumer, what expires goes in time, unless it is behind a backlog that does not (docs/architecture.md). */
function checkExpired({ sqs, witness }: Stage): void {
  for (const queue of sqs.queues.filter(({ name }) => witness.history.queueOf(name))) {
    const copies = queue.messages.map(copyOf)
    const late = copies.filter((copy) => witness.hasExpired(copy, sqs.nowMs - LATE_MS))
    // Those of the backlog that a look has just sent to 'dead' come back to it.
    const onTheirWay = sqs.queues.flatMap(({ messages }) => messages).filter(({ sourceArn }) => sourceArn === queue.arn)
    const isBehind = copies.length - late.length + onTheirWay.length >= BACKLOG
    if (isBehind) continue
    if (late.length > 0) witness.fail(`${late.map(({ label }) => label)} expired in ${queue.name} and are still there`)
  }
}

const LATE_MS = 5 * 60_000
/** As many copies of a FIFO group as SQS hands out. */
const BACKLOG = 10

/**
 * What died has been passed on, or is gone with its queue. A look may have sent something there a moment ago, which is on
 * its way; once the queues are empty nothing comes any more.
 */
function checkDead({ sqs, config }: Cloud, [first]: readonly Stage[]): void {
  for (const name of ['dead', 'dead.fifo', 'failed', 'failed.fifo'] as const) {
    for (const message of sqs.require(internalQueueName(config, name)).messages) {
      // What SQS brings back after its deletion was passed on before.
      if (!message.isDeleted) first?.witness.fail(`${copyOf(message).label} is still in '${name}'`)
    }
  }
}

/** Every declared queue has its SQS queues, and no SQS queue has outlived its queue. */
function checkQueues({ sqs, config }: Cloud, stages: readonly Stage[]): void {
  const queues = stages.flatMap(({ witness }) => Array.from(witness.history.latest.queues(), ({ queue }) => queue))
  const declared = new Set(queues.flatMap(ownSqsNames))
  const internal = internalQueues().map((queue) => internalQueueName(config, queue))
  const existing = new Set(sqs.queues.map(({ name }) => name).filter((name) => !internal.includes(name)))
  const missing = [...declared.difference(existing)]
  const left = [...existing.difference(declared)]
  if (missing.length + left.length === 0) return
  stages[0]?.witness.fail(`missing SQS queues: [${missing}], left over: [${left}]`)
}

/** SQS does with a queue's messages what the policies of the end say. */
function checkAttributes({ broker }: Environment, { sqs, witness }: Stage): void {
  const { latest } = witness.history
  for (const { queue } of latest.queues()) {
    for (const { name } of queue.sqsQueues) {
      const { RedrivePolicy } = broker.delivery.queues.desiredAttributes(name, latest.settingsOf(queue))
      if (sqs.require(name).attributes.RedrivePolicy === RedrivePolicy) continue
      witness.fail(`${name} does not follow the policies of '${queue.name}'`)
    }
  }
}

async function drain(stage: Stage, environment: Environment, queue: string): Promise<void> {
  for (let answer = ''; answer !== '[]'; ) {
    const get = new Get(stage, { queue, count: 25, ackMode: 'ack_requeue_false', waitS: 1, visibilityS: 30 })
    answer = await onBehalfOf(get, () => get.run(environment))
  }
}

function messagesIn({ witness, sqs }: Stage, queue: string): SimMessage[] {
  const { sqsQueues = [] } = witness.history.latest.queueByName(queue) ?? {}
  return sqsQueues.flatMap(({ name }) => sqs.require(name).messages)
}

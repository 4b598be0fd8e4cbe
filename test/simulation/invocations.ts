import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Broker } from '../../lib/broker/broker.ts'
import { succeededRecords, toSqsEvent } from '../../lib/local/sqs-event.ts'
import type { SimWorld } from '../support/sim-world.ts'
import type { Environment } from './environment.ts'
import { type Operation, onBehalfOf } from './operation.ts'
import type { SimReceived } from './sqs/sim-message.ts'
import type { SimSqs } from './sqs/sim-sqs.ts'
import { toMessage } from './sqs/sqs-link.ts'

export type QueueHandler = (broker: Broker) => (event: SQSEvent) => Promise<SQSBatchResponse>

export interface InvocationStage {
  readonly world: SimWorld
  readonly sqs: SimSqs
  /** What is promised to whoever begins now, by vhost. */
  readonly promises: () => ReadonlyMap<string, number>
  /** An environment of the function, warm or new. */
  readonly environment: () => Environment
  readonly isOver: () => boolean
  readonly log: (text: string) => void
}

const MAX_BATCH = 10
const FUNCTION_TIMEOUT_MS = 30_000
/** How likely Lambda does not delete what succeeded, which then comes again. */
const FORGETS_TO_DELETE = 0.02

/** What became of an invocation: its result, or that it crashed, threw or took too long. */
export async function invoke<Result>(
  stage: InvocationStage,
  operation: Operation,
  run: (broker: Broker) => Promise<Result>,
): Promise<Result | 'failed'> {
  const { process, broker } = stage.environment()
  const timedOut = new Promise<'failed'>((resolve) => stage.world.after(FUNCTION_TIMEOUT_MS, () => resolve('failed')))
  const crashed = process.crashed.then(() => 'failed' as const)
  const running = onBehalfOf(operation, () => run(broker))
  return Promise.race([running.catch(() => 'failed' as const), crashed, timedOut])
}

/** Feeds an internal queue to its function as Lambda does: in batches, at least once, as long as the run lasts. */
export function startEventSource(stage: InvocationStage, queueName: string, handler: QueueHandler): void {
  const { world, sqs } = stage
  const poll = (): void => {
    let batch: SimReceived[] = []
    const receive = (): boolean => {
      const max = 1 + Math.floor(world.between(0, MAX_BATCH))
      batch = sqs.receive(queueName, { max, isFull: true })
      if (batch.length === 0) return false
      handle(batch).then(() => world.after(world.between(0, 100), poll))
      return true
    }
    sqs.wait(queueName, Number.POSITIVE_INFINITY, receive, () => undefined)
  }
  const handle = async (batch: readonly SimReceived[]): Promise<void> => {
    // It may look into queues; what has expired is all that it may take out of them.
    const looks = { received: () => undefined, hidden: () => undefined }
    const operation: Operation = { name: `function of ${queueName}`, promised: stage.promises(), ...looks }
    const event = toSqsEvent(batch.map(toMessage), sqs.require(queueName).arn)
    const response = await invoke(stage, operation, (broker) => handler(broker)(event))
    const done = response === 'failed' ? [] : succeededRecords(event, response)
    stage.log(`${operation.name}: ${done.length} of ${batch.length} done${response === 'failed' ? ', failed' : ''}`)
    for (const { receiptHandle } of done) {
      if (!stage.isOver() && world.chance(FORGETS_TO_DELETE)) continue
      onBehalfOf(operation, () => deleteQuietly(queueName, receiptHandle))
    }
  }
  const deleteQuietly = (name: string, receiptHandle: string): void => {
    try {
      sqs.deleteMessage(name, receiptHandle)
    } catch {
      // The receive of a FIFO message that took too long is nobody's any more: it comes again.
    }
  }
  poll()
}

const MINUTE_MS = 60_000

/** Calls the clock each minute, sometimes twice and sometimes not, until `isEnded`. */
export function startTicks(
  stage: InvocationStage,
  tick: (broker: Broker) => Promise<unknown>,
  isEnded: () => boolean,
): void {
  const { world } = stage
  const once = () => {
    if (isEnded()) return
    const times = stage.isOver() ? 1 : world.pick([0, 1, 1, 2])
    for (let time = 0; time < times; time += 1) {
      invoke(stage, { name: 'function of the clock', promised: stage.promises() }, tick)
    }
    world.after(MINUTE_MS, once)
  }
  world.after(world.between(0, MINUTE_MS), once)
}

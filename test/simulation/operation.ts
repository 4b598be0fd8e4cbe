import { AsyncLocalStorage } from 'node:async_hooks'
import type { SimMessage, SimReceived } from './sqs/sim-message.ts'
import type { SimQueue } from './sqs/sim-queue.ts'

/** On whose behalf something happens at SQS: a call that a client made, or an invocation of a function. */
export interface Operation {
  readonly name: string
  /** The version of its vhost that was promised to it when it began; of each vhost by name, where it is no vhost's own. */
  readonly promised: number | ReadonlyMap<string, number>
  /** Told of what it does to messages of declared queues; what it is not told of, it must not do. */
  received?(queue: SimQueue, received: SimReceived): void
  deleted?(queue: SimQueue, message: SimMessage): void
  hidden?(queue: SimQueue, message: SimMessage): void
}

const storage = new AsyncLocalStorage<Operation>()

/** Everything that `act` does, however much later, is done on behalf of the operation. */
export const onBehalfOf = <T>(operation: Operation, act: () => T): T => storage.run(operation, act)

export const currentOperation = (): Operation | undefined => storage.getStore()

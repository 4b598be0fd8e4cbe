import type { AmqpTable } from './amqp-value.ts'
import type { ConnectionRef } from './connection.ts'

export type QueueType = 'classic' | 'quorum'

/** How long SQS hides a message that was received, at most and in all, s. */
export const MAX_VISIBILITY_S = 43_200

/** How a FIFO queue groups its messages: all in one group, by routing key, or by the value of a header. */
export type FifoGrouping = { by: 'queue' } | { by: 'routing-key' } | { by: 'header'; header: string }

/** The physical queue behind a declared one. Its URL is the endpoint's and the account's matter, its name is ours for good. */
export interface SqsQueue {
  readonly name: string
  /** Somebody else made it and gave it to the broker, which uses it and never deletes or changes it. */
  readonly adopted?: true
  /** A gateway's, shared by all queues that live in its memory; it comes and goes with the gateway. */
  readonly inbox?: true
}

/** A queue as declared (contract §1.2). `arguments` stay as the client wrote them. */
export interface Queue {
  readonly id: string
  readonly name: string
  readonly type: QueueType
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: AmqpTable
  readonly user: string
  /** Present when the queue is FIFO. */
  readonly fifo?: FifoGrouping
  readonly sqsQueues: readonly SqsQueue[]
  /** The connection that alone may use the queue, with which it goes. Its messages are in the memory of that gateway. */
  readonly exclusive?: ConnectionRef
  /** Where messages are kept that died without a dead-letter exchange; made when the first one does. */
  readonly deadLetters?: SqsQueue
}

/** Whether the broker made the SQS queue for the one declared queue that it is behind, and deletes it with that. */
export const isOwned = ({ adopted, inbox }: SqsQueue): boolean => !adopted && !inbox

/** The names of the SQS queues that go with a queue: those that the broker made for it. */
export const ownSqsNames = ({ sqsQueues, deadLetters }: Pick<Queue, 'sqsQueues' | 'deadLetters'>): string[] =>
  [...sqsQueues, ...(deadLetters ? [deadLetters] : [])].filter(isOwned).map(({ name }) => name)

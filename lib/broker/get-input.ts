import type { Message } from '../model/message.ts'

/** Contract §1.4, and `manual`: the caller settles what it got by delivery tag (docs/api.md). */
export type AckMode =
  | 'ack_requeue_true'
  | 'ack_requeue_false'
  | 'reject_requeue_true'
  | 'reject_requeue_false'
  | 'manual'

export interface GetInput {
  readonly queue: string
  readonly count: number
  readonly ackMode: AckMode
  /** How long to wait for the first message, 0 to 20 s. */
  readonly waitS: number
  /** How long messages got with `manual` stay hidden from others, 1 s to 12 h; by default the queue's consumer timeout, or 30 s. */
  readonly visibilityS?: number | undefined
  /** What a message takes in the door's answer, exactly. */
  readonly encodedSizeOf: (message: GotMessage) => number
}

export interface GotMessage {
  readonly message: Message
  readonly redelivered: boolean
  /** 1 for the first delivery. */
  readonly deliveryCount: number
  /** Ready messages still behind this one; approximate, as SQS counts. */
  readonly messageCount: number
  /** With `manual` only. */
  readonly deliveryTag?: string
}

import type { MessageAttributeValue } from '@aws-sdk/client-sqs'

/** What is sent. */
export interface SentMessage {
  readonly body: string
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>
  readonly groupId?: string | undefined
  readonly deduplicationId?: string | undefined
  readonly delayS?: number | undefined
}

/** One message in one SQS queue, with everything that happens to it. Times are milliseconds since 1970. */
export interface SimMessage {
  /** The order of arrival in the account. */
  readonly serial: number
  readonly messageId: string
  readonly sent: SentMessage
  readonly sentAtMs: number
  /** The queue that a redrive policy moved it from. */
  readonly sourceArn: string | undefined
  readonly priorReceiveCount: number
  firstReceivedAtMs: number | undefined
  visibleAtMs: number
  receiveCount: number
  /** The receive whose handle is the newest. */
  receipt: number
  isDeleted: boolean
}

/** One receive of one message. */
export interface SimReceived {
  readonly message: SimMessage
  readonly receiptHandle: string
}

/** An error that SQS answers, with the name that the SDK gives it. */
export class SimSqsError extends Error {
  readonly $fault = 'client'

  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export const missingQueue = (): SimSqsError =>
  new SimSqsError('QueueDoesNotExist', 'The specified queue does not exist.')

import { COPY_ATTRIBUTE, type CopyIdentity, parseCopy } from './copy.ts'
import { type DecodedMessage, decodeMessage, MESSAGE_ATTRIBUTE, type StoredMessage } from './envelope.ts'
import { UnknownEnvelopeError } from './envelope-metadata.ts'

/** One receive of one copy. It is hidden from others until its visibility ends. */
export interface ReceivedCopy {
  /** Read but for a payload in a blob, which `ClaimChecks.open` fetches: callers open what they have room for. */
  readonly message: DecodedMessage
  /** What SQS holds, for sealing into a delivery tag as it is. */
  readonly stored: StoredMessage
  /** Absent where something other than Leveret sent the message. */
  readonly identity?: CopyIdentity
  /** SQS's own, the same for every receive; empty where it was not said. */
  readonly messageId: string
  readonly receiptHandle: string
  /** 1 for the first receive. */
  readonly receiveCount: number
  readonly redelivered: boolean
  /** Milliseconds since 1970, by SQS's clock. */
  readonly sentAtMs: number
  readonly firstReceivedAtMs: number
  readonly groupId?: string
}

/** A message that this version cannot read. It must be left where it is; it becomes visible again by itself. */
export interface UndecodableCopy {
  readonly messageId: string
  readonly receiptHandle: string
  readonly receiveCount: number
  readonly error: UnknownEnvelopeError
}

/** What is read of a message that ReceiveMessage answers, in the AWS SDK's spelling. */
export interface SdkRecord {
  readonly MessageId?: string | undefined
  readonly ReceiptHandle?: string | undefined
  readonly Body?: string | undefined
  readonly Attributes?:
    | { readonly [name in (typeof RECEIVED_SYSTEM_ATTRIBUTES)[number]]?: string | undefined }
    | undefined
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string | undefined }>> | undefined
}

/** What is read of one of the `Records` that an SQS event source hands to a Lambda function. */
export interface LambdaRecord {
  readonly body: string
  readonly attributes: NonNullable<SdkRecord['Attributes']> & {
    /** The ARN of the SQS queue that it was moved from after too many receives. */
    readonly DeadLetterQueueSourceArn?: string | undefined
  }
  readonly messageAttributes: Readonly<Record<string, { readonly stringValue?: string | undefined }>>
}

/** The same in the AWS SDK's spelling. */
export const toSdkRecord = ({ body, attributes, messageAttributes }: LambdaRecord): SdkRecord => ({
  Body: body,
  Attributes: attributes,
  MessageAttributes: Object.fromEntries(
    Object.entries(messageAttributes).map(([name, { stringValue }]) => [name, { StringValue: stringValue }]),
  ),
})

/** What {@link parseReceived} needs to be asked for by name. */
export const RECEIVED_SYSTEM_ATTRIBUTES = [
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SentTimestamp',
  'MessageGroupId',
] as const

export const RECEIVED_ATTRIBUTES = [MESSAGE_ATTRIBUTE, COPY_ATTRIBUTE]

/** Reads one message of a ReceiveMessage answer. `queueName` is the declared queue's name. */
export function parseReceived(received: SdkRecord, queueName: string): ReceivedCopy | UndecodableCopy {
  const { Body = '', Attributes = {}, MessageAttributes = {}, ReceiptHandle = '', MessageId = '' } = received
  const receiveCount = Number(Attributes.ApproximateReceiveCount ?? 1)
  try {
    const stored = { body: Body, attribute: textOf(MessageAttributes[MESSAGE_ATTRIBUTE]) }
    const copyAttribute = textOf(MessageAttributes[COPY_ATTRIBUTE])
    const sentAtMs = Number(Attributes.SentTimestamp ?? 0)
    const groupId = Attributes.MessageGroupId
    return {
      message: decodeMessage(stored, queueName),
      stored,
      ...(copyAttribute === undefined ? {} : { identity: parseCopy(copyAttribute) }),
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      receiveCount,
      redelivered: receiveCount > 1,
      sentAtMs,
      firstReceivedAtMs: Number(Attributes.ApproximateFirstReceiveTimestamp ?? sentAtMs),
      ...(groupId === undefined ? {} : { groupId }),
    }
  } catch (error) {
    if (error instanceof UnknownEnvelopeError) {
      return { messageId: MessageId, receiptHandle: ReceiptHandle, receiveCount, error }
    }
    throw error
  }
}

export const isUndecodable = (copy: ReceivedCopy | UndecodableCopy): copy is UndecodableCopy => 'error' in copy

/** Ours are of type String; one that is there without text is somebody else's idea of it. */
function textOf(attribute: { StringValue?: string | undefined } | undefined): string | undefined {
  if (attribute === undefined) return undefined
  if (attribute.StringValue !== undefined) return attribute.StringValue
  throw new UnknownEnvelopeError('an attribute of the envelope is not a text')
}

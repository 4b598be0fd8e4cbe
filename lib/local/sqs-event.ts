import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs'
import type { SQSBatchResponse, SQSEvent, SQSMessageAttribute, SQSRecord, SQSRecordAttributes } from 'aws-lambda'

/**
 * The event that Lambda's SQS event source makes of received messages.
 * (Lambda Developer Guide, "Using Lambda with Amazon SQS".)
 */
export function toSqsEvent(messages: readonly Message[], queueArn: string): SQSEvent {
  return { Records: messages.map((message) => toRecord(message, queueArn)) }
}

function toRecord(message: Message, queueArn: string): SQSRecord {
  const { MessageId: messageId = '', ReceiptHandle: receiptHandle = '', Body: body = '' } = message
  return {
    messageId,
    receiptHandle,
    body,
    attributes: toRecordAttributes(message),
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, toMessageAttribute(value)]),
    ),
    md5OfBody: message.MD5OfBody ?? '',
    ...(message.MD5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  }
}

function toRecordAttributes({ Attributes: attributes = {} }: Message): SQSRecordAttributes {
  const {
    ApproximateReceiveCount = '',
    SentTimestamp = '',
    SenderId = '',
    ApproximateFirstReceiveTimestamp = '',
    ...others
  } = attributes
  return { ...others, ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp }
}

function toMessageAttribute({
  DataType: dataType = '',
  StringValue,
  BinaryValue,
}: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType,
  }
}

/**
 * Which records of an event are done with and to be deleted, by what the function answered. An answer that names no
 * failures, or is none, is full success; one that names what is not in the event fails the whole batch.
 * (Lambda Developer Guide, "Implementing partial batch responses", success and failure conditions.)
 */
export function succeededRecords(
  { Records: records }: SQSEvent,
  response: SQSBatchResponse | undefined | null,
): SQSRecord[] {
  const failed = new Set((response?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier))
  const known = new Set(records.map(({ messageId }) => messageId))
  if (!failed.isSubsetOf(known)) return []
  return records.filter(({ messageId }) => !failed.has(messageId))
}

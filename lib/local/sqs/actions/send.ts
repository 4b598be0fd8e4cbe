import { hash, randomUUID } from 'node:crypto'
import type { Action, SqsContext } from '../context.ts'
import { invalidParameterValue, invalidValueFor, missingParameter, SqsError } from '../errors.ts'
import { type JsonObject, readInteger, requireString } from '../input.ts'
import { type MessageAttribute, md5OfAttributes, md5OfText } from '../message-digest.ts'
import {
  messageSizeBytes,
  parseBody,
  parseMessageAttributes,
  parseTraceHeader,
  readFifoId,
} from '../message-validation.ts'
import type { Queue } from '../queue-registry.ts'
import { formatSequenceNumber } from '../sequence-number.ts'
import { parseBatchEntries, runBatch } from './batch.ts'

const MAX_DELAY_SECONDS = 900
const MAX_BATCH_BYTES = 1_048_576
const WRONG_QUEUE_TYPE = 'The request include parameter that is not valid for this queue type.'

/** A send that has passed every check that does not depend on the queue. */
interface SendRequest {
  readonly body: string
  readonly attributes: ReadonlyMap<string, MessageAttribute>
  readonly systemAttributes: ReadonlyMap<string, MessageAttribute>
  readonly sizeBytes: number
  readonly delaySeconds: number | undefined
  readonly groupId: string | undefined
  readonly deduplicationId: string | undefined
}

export const sendMessage: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const request = parseSendRequest(input)
  if (queue.settings.isFifo && request.groupId === undefined) throw missingParameter('MessageGroupId')
  return send(context, queue, request)
}

export const sendMessageBatch: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const entries = parseBatchEntries(input, 'SendMessageBatchRequestEntry')
  const parsed = entries.map(({ id, input: entry }) => ({ id, parse: parseOnce(entry) }))
  assertBatchSize(parsed)
  // AWS refuses the whole batch for these two, by another name than it refuses one message.
  if (queue.settings.isFifo) assertFifoBatch(queue, entries)
  return runBatch(parsed, ({ parse }) => send(context, queue, parse()))
}

function parseOnce(input: JsonObject): () => SendRequest {
  try {
    const request = parseSendRequest(input)
    return () => request
  } catch (error) {
    return () => {
      throw error
    }
  }
}

function assertBatchSize(entries: readonly { readonly parse: () => SendRequest }[]): void {
  let sizeBytes = 0
  for (const { parse } of entries) {
    try {
      sizeBytes += parse().sizeBytes
    } catch (error) {
      // An entry that cannot be parsed fails by itself later, and adds nothing.
      if (!(error instanceof SqsError)) throw error
    }
  }
  if (sizeBytes > MAX_BATCH_BYTES) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes. You have sent ${sizeBytes} bytes.`,
    )
  }
}

function assertFifoBatch(queue: Queue, entries: readonly { readonly input: JsonObject }[]): void {
  for (const { input } of entries) {
    if (readFifoId(input, 'MessageGroupId') === undefined) {
      throw invalidParameterValue('The request must contain the parameter MessageGroupId.')
    }
    if (!queue.settings.contentBasedDeduplication && readFifoId(input, 'MessageDeduplicationId') === undefined) {
      throw missingDeduplicationId()
    }
  }
}

function missingDeduplicationId(): SqsError {
  return invalidParameterValue(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  )
}

function parseSendRequest(input: JsonObject): SendRequest {
  const body = parseBody(input)
  const attributes = parseMessageAttributes(input)
  return {
    body,
    attributes,
    systemAttributes: parseTraceHeader(input),
    sizeBytes: messageSizeBytes(body, attributes),
    delaySeconds: readInteger(input, 'DelaySeconds', 0, MAX_DELAY_SECONDS),
    groupId: readFifoId(input, 'MessageGroupId'),
    deduplicationId: readFifoId(input, 'MessageDeduplicationId'),
  }
}

function send(context: SqsContext, queue: Queue, request: SendRequest): object {
  const { maximumMessageSizeBytes, isFifo } = queue.settings
  if (request.sizeBytes > maximumMessageSizeBytes) {
    throw invalidParameterValue(
      `One or more parameters are invalid. Reason: Message must be shorter than ${maximumMessageSizeBytes} bytes.`,
    )
  }
  const digests = {
    MD5OfMessageBody: md5OfText(request.body),
    MD5OfMessageAttributes: md5OfAttributes(request.attributes),
    MD5OfMessageSystemAttributes: md5OfAttributes(request.systemAttributes),
  }
  return { ...digests, ...(isFifo ? sendFifo(context, queue, request) : sendStandard(context, queue, request)) }
}

/** A group id on a standard queue marks a tenant (fair queues): it is kept and shown, and orders nothing. */
function sendStandard(context: SqsContext, queue: Queue, request: SendRequest): object {
  if (request.deduplicationId !== undefined) {
    throw invalidValueFor('MessageDeduplicationId', request.deduplicationId, WRONG_QUEUE_TYPE)
  }
  const messageId = randomUUID()
  store(context, queue, request, messageId, null, context.now())
  return { MessageId: messageId }
}

/** A duplicate within the window answers as the original did, and is not delivered. */
function sendFifo(context: SqsContext, queue: Queue, request: SendRequest): object {
  if (request.groupId === undefined) throw missingParameter('MessageGroupId')
  if (request.delaySeconds !== undefined && request.delaySeconds > 0) {
    throw invalidValueFor('DelaySeconds', request.delaySeconds, WRONG_QUEUE_TYPE)
  }
  const deduplicationId = deduplicationIdOf(queue, request)
  const scope = queue.settings.deduplicationPerGroup ? request.groupId : ''
  const now = context.now()
  const original = context.deduplication.find(queue.id, scope, deduplicationId, now)
  if (original !== undefined) {
    return { MessageId: original.message_id, SequenceNumber: formatSequenceNumber(original.seq) }
  }
  const messageId = randomUUID()
  const seq = store(context, queue, request, messageId, deduplicationId, now)
  context.deduplication.remember(queue.id, scope, deduplicationId, { message_id: messageId, seq }, now)
  return { MessageId: messageId, SequenceNumber: formatSequenceNumber(seq) }
}

function deduplicationIdOf(queue: Queue, request: SendRequest): string {
  if (request.deduplicationId !== undefined) return request.deduplicationId
  if (queue.settings.contentBasedDeduplication) return hash('sha256', request.body, 'hex')
  throw missingDeduplicationId()
}

function store(
  context: SqsContext,
  queue: Queue,
  request: SendRequest,
  messageId: string,
  deduplicationId: string | null,
  now: number,
): number {
  const delayMs = request.delaySeconds === undefined ? queue.settings.delayMs : request.delaySeconds * 1000
  const seq = context.messages.add(queue, {
    messageId,
    body: request.body,
    attributes: request.attributes.size === 0 ? null : JSON.stringify([...request.attributes]),
    groupId: request.groupId ?? null,
    deduplicationId,
    traceHeader: request.systemAttributes.get('AWSTraceHeader')?.StringValue ?? null,
    sentAt: now,
    visibleAt: now + delayMs,
  })
  context.longPolls.touch(queue.id)
  return seq
}

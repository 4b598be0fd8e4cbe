import type { Message, MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import type { BatchAnswer, SqsApi } from '../../delivery/sqs-client.ts'
import type { SqsEngine } from './engine.ts'
import { SqsError } from './errors.ts'
import type { JsonObject } from './input.ts'
import type { MessageAttribute } from './message-digest.ts'

/**
 * SQS for the broker in the engine's own process: what its calls through the SDK answer and throw, without the SDK, which
 * takes several times as long to prepare and to read a request as the engine does to serve it (docs/performance.md).
 */
export const openEmbeddedSqs = (engine: SqsEngine): SqsApi => ({
  sendMessageBatch: async ({ QueueUrl, Entries }) =>
    (await ask(engine, 'SendMessageBatch', { QueueUrl, Entries: Entries?.map(toWire) })) as BatchAnswer,
  deleteMessageBatch: async (input) => (await ask(engine, 'DeleteMessageBatch', { ...input })) as BatchAnswer,
  changeMessageVisibilityBatch: async (input) =>
    (await ask(engine, 'ChangeMessageVisibilityBatch', { ...input })) as BatchAnswer,
  receiveMessage: async (input, signal) => {
    const { Messages = [] } = await receive(engine, { ...input }, signal)
    return Messages.map(fromWire)
  },
  createQueue: async (input) => {
    await ask(engine, 'CreateQueue', { ...input })
  },
  deleteQueue: async (QueueUrl) => {
    await ask(engine, 'DeleteQueue', { QueueUrl })
  },
  setQueueAttributes: async (input) => {
    await ask(engine, 'SetQueueAttributes', { ...input })
  },
  getQueueAttributes: async (QueueUrl, AttributeNames) => {
    const answer = await ask(engine, 'GetQueueAttributes', { QueueUrl, AttributeNames })
    return (answer as { Attributes?: Readonly<Record<string, string>> }).Attributes ?? {}
  },
  close: () => undefined,
})

/** Of those for whom nothing is taken, it does not matter whether they are still there. */
const NEVER_ABORTED = new AbortController().signal

async function ask(
  engine: SqsEngine,
  action: string,
  input: JsonObject,
  signal: AbortSignal = NEVER_ABORTED,
): Promise<object> {
  try {
    return await engine.call(action, input, signal)
  } catch (error) {
    throw error instanceof SqsError ? new EmbeddedSqsError(error) : error
  }
}

/** A caller who has gone by the time that the answer is there gets an error, and the engine knows that it got nothing. */
async function receive(
  engine: SqsEngine,
  input: JsonObject,
  signal: AbortSignal | undefined,
): Promise<{ Messages?: WireMessage[] }> {
  const caller = new AbortController()
  const leave = (): void => caller.abort()
  if (signal?.aborted) leave()
  signal?.addEventListener('abort', leave, { once: true })
  try {
    const answer = await ask(engine, 'ReceiveMessage', input, caller.signal)
    caller.signal.throwIfAborted()
    return answer
  } finally {
    signal?.removeEventListener('abort', leave)
  }
}

/** An error as the SDK has it: its name is the shape's, and it says whose fault it is. */
class EmbeddedSqsError extends Error {
  readonly $fault = 'client'

  constructor(cause: SqsError) {
    super(cause.message, { cause })
    this.name = cause.shape
  }
}

interface WireMessage extends Omit<Message, 'MessageAttributes'> {
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>
}

/** Bytes are base64 on the wire. */
function toWire(entry: SendMessageBatchRequestEntry): JsonObject {
  const { MessageAttributes } = entry
  if (MessageAttributes === undefined) return { ...entry }
  return { ...entry, MessageAttributes: mapValues(MessageAttributes, encodeBytes) }
}

/** Digests are left where they are: nothing was on a wire. */
const fromWire = ({ MessageId, ReceiptHandle, Body, Attributes, MessageAttributes }: WireMessage): Message => ({
  MessageId,
  ReceiptHandle,
  Body,
  Attributes,
  MessageAttributes: MessageAttributes && mapValues(MessageAttributes, decodeBytes),
})

const encodeBytes = ({ BinaryValue, ...attribute }: MessageAttributeValue): object =>
  BinaryValue === undefined ? attribute : { ...attribute, BinaryValue: Buffer.from(BinaryValue).toString('base64') }

const decodeBytes = ({ DataType, StringValue, BinaryValue }: MessageAttribute): MessageAttributeValue => ({
  DataType,
  StringValue,
  BinaryValue: BinaryValue === undefined ? undefined : Buffer.from(BinaryValue, 'base64'),
})

const mapValues = <Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))

import type { SqsContext } from './context.ts'
import { type MessageAttribute, md5OfAttributes, md5OfText } from './message-digest.ts'
import type { Queue } from './queue-registry.ts'
import { formatReceiptHandle } from './receipt-handle.ts'
import type { TakenMessage } from './receiving.ts'
import { formatSequenceNumber } from './sequence-number.ts'

/** Which attributes the caller asked for: none that is not named is shown. */
export interface ShownAttributes {
  readonly system: ReadonlySet<string>
  /** Names, `All`, `.*`, or prefixes that end in `.*`. */
  readonly message: readonly string[]
}

/**
 * A message as ReceiveMessage shows it. The attributes' digest is that of the attributes shown. Digests are made when they
 * are read: for the wire, but not for a caller in this process.
 */
export function renderMessage(
  context: SqsContext,
  queue: Queue,
  message: TakenMessage,
  shown: ShownAttributes,
): object {
  const { message_id, seq, receipt, body } = message
  const MessageAttributes = selectMessageAttributes(message, shown.message)
  const Attributes = selectSystemAttributes(context, queue, message, shown.system)
  return {
    MessageId: message_id,
    ReceiptHandle: formatReceiptHandle({ queueId: queue.id, seq, receipt }),
    get MD5OfBody() {
      return md5OfText(body)
    },
    Body: body,
    Attributes,
    get MD5OfMessageAttributes() {
      return MessageAttributes && md5OfAttributes(new Map(Object.entries(MessageAttributes)))
    },
    MessageAttributes,
  }
}

/** Undefined for none. */
function selectSystemAttributes(
  context: SqsContext,
  queue: Queue,
  message: TakenMessage,
  wanted: ReadonlySet<string>,
): Record<string, string> | undefined {
  if (wanted.size === 0) return undefined
  const isAllWanted = wanted.has('All')
  let selected: Record<string, string> | undefined
  for (const [name, read] of SYSTEM_ATTRIBUTES) {
    if (!isAllWanted && !wanted.has(name)) continue
    const value = read(message, queue, context)
    if (value === null) continue
    selected ??= {}
    selected[name] = value
  }
  return selected
}

type ReadAttribute = (message: TakenMessage, queue: Queue, context: SqsContext) => string | null

const SYSTEM_ATTRIBUTES: readonly (readonly [name: string, read: ReadAttribute])[] = [
  ['SenderId', (_message, _queue, { accountId }) => accountId],
  ['SentTimestamp', ({ sent_at }) => String(sent_at)],
  ['ApproximateReceiveCount', ({ prior_receive_count, receive_count }) => String(prior_receive_count + receive_count)],
  ['ApproximateFirstReceiveTimestamp', ({ first_received_at }) => String(first_received_at)],
  ['MessageGroupId', ({ group_id }) => group_id],
  ['MessageDeduplicationId', ({ dedup_id }) => dedup_id],
  ['SequenceNumber', ({ seq }, { settings }) => (settings.isFifo ? formatSequenceNumber(seq) : null)],
  ['AWSTraceHeader', ({ trace_header }) => trace_header],
  ['DeadLetterQueueSourceArn', ({ source_arn }) => source_arn],
]

/** Undefined for none. */
function selectMessageAttributes(
  message: TakenMessage,
  names: readonly string[],
): Record<string, MessageAttribute> | undefined {
  if (message.attributes === null || names.length === 0) return undefined
  const all = JSON.parse(message.attributes) as [string, MessageAttribute][]
  const selected = all.filter(([name]) => names.some((wanted) => isNamed(name, wanted)))
  return selected.length === 0 ? undefined : Object.fromEntries(selected)
}

const isNamed = (name: string, wanted: string): boolean =>
  wanted === name || wanted === 'All' || (wanted.endsWith('.*') && name.startsWith(wanted.slice(0, -2)))

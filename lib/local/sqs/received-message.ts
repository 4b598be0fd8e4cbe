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

/** A message as ReceiveMessage shows it. The attributes' digest is that of the attributes shown. */
export function renderMessage(
  context: SqsContext,
  queue: Queue,
  message: TakenMessage,
  shown: ShownAttributes,
): object {
  const attributes = selectMessageAttributes(message, shown.message)
  const Attributes = selectSystemAttributes(systemAttributesOf(context, queue, message), shown.system)
  return {
    MessageId: message.message_id,
    ReceiptHandle: formatReceiptHandle({ queueId: queue.id, seq: message.seq, receipt: message.receipt }),
    MD5OfBody: md5OfText(message.body),
    Body: message.body,
    ...(Attributes && { Attributes }),
    ...(attributes.size > 0 && {
      MD5OfMessageAttributes: md5OfAttributes(attributes),
      MessageAttributes: Object.fromEntries(attributes),
    }),
  }
}

/** Undefined for none. */
function selectSystemAttributes(
  all: Readonly<Record<string, string | null>>,
  wanted: ReadonlySet<string>,
): Record<string, string> | undefined {
  const isAllWanted = wanted.has('All')
  let selected: Record<string, string> | undefined
  for (const [name, value] of Object.entries(all)) {
    if (value === null || !(isAllWanted || wanted.has(name))) continue
    selected ??= {}
    selected[name] = value
  }
  return selected
}

function systemAttributesOf(context: SqsContext, queue: Queue, message: TakenMessage): Record<string, string | null> {
  return {
    SenderId: context.accountId,
    SentTimestamp: String(message.sent_at),
    ApproximateReceiveCount: String(message.prior_receive_count + message.receive_count),
    ApproximateFirstReceiveTimestamp: String(message.first_received_at),
    MessageGroupId: message.group_id,
    MessageDeduplicationId: message.dedup_id,
    SequenceNumber: queue.settings.isFifo ? formatSequenceNumber(message.seq) : null,
    AWSTraceHeader: message.trace_header,
    DeadLetterQueueSourceArn: message.source_arn,
  }
}

function selectMessageAttributes(message: TakenMessage, names: readonly string[]): Map<string, MessageAttribute> {
  if (message.attributes === null || names.length === 0) return new Map()
  const all = new Map<string, MessageAttribute>(JSON.parse(message.attributes))
  const isWanted = (name: string): boolean =>
    names.some(
      (wanted) =>
        wanted === 'All' || wanted === name || (wanted.endsWith('.*') && name.startsWith(wanted.slice(0, -2))),
    )
  return new Map([...all].filter(([name]) => isWanted(name)))
}

import { decodeMessage, MESSAGE_ATTRIBUTE, type StoredMessage } from '../../delivery/envelope.ts'
import { parseRelayMessage } from '../../delivery/relay-message.ts'
import type { FailedMessages } from './watch-move.ts'

/** What one receive hands out. */
const SHOWN = 10

/** A line for each of the first, which are visible again at once. Payloads stay unseen. */
export async function describeMessages({ sqs, queues, name }: FailedMessages): Promise<string[]> {
  const messages = await sqs.receiveMessage({
    QueueUrl: queues.urlOf(name),
    MaxNumberOfMessages: SHOWN,
    VisibilityTimeout: 0,
    WaitTimeSeconds: 1,
    MessageSystemAttributeNames: ['SentTimestamp'],
    MessageAttributeNames: [MESSAGE_ATTRIBUTE],
  })
  return messages.map(({ Body = '', Attributes, MessageAttributes }) => {
    const sent = new Date(Number(Attributes?.SentTimestamp ?? 0)).toISOString()
    return `  ${sent}  ${describe({ body: Body, attribute: MessageAttributes?.[MESSAGE_ATTRIBUTE]?.StringValue })}`
  })
}

/** What has no attribute of Leveret's is from the relay, or from somebody else. */
function describe(stored: StoredMessage): string {
  try {
    if (stored.attribute !== undefined) return `a dead message, ${routeOf(stored)}`
    const { publishId, targets, message } = parseRelayMessage(stored.body)
    return `a fan-out, ${routeOf(message)}, publish ${publishId}: ${targets.length} copies left`
  } catch {
    return 'not a message of this release'
  }
}

function routeOf(stored: StoredMessage): string {
  const { exchange, routingKey } = decodeMessage(stored, '')
  return `exchange '${exchange}', key '${routingKey}'`
}

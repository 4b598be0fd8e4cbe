import { COPY_ATTRIBUTE, type CopyIdentity, parseCopy } from '../../lib/delivery/copy.ts'
import { decodeMessage, MESSAGE_ATTRIBUTE, type StoredMessage } from '../../lib/delivery/envelope.ts'
import { type AmqpTable, isTable } from '../../lib/model/amqp-value.ts'
import { headersOf, type Message } from '../../lib/model/message.ts'
import type { SimMessage } from './sqs/sim-message.ts'

/** One death, as far as RabbitMQ's count of them goes. */
export interface Death {
  readonly queue: string
  readonly reason: string
  readonly count: number
  readonly exchange: string
  readonly routingKeys: readonly string[]
}

/** What a message is told by, whatever queue it is in: what was published, and what it died of since. */
export interface Trace {
  /** The message id that its publisher gave it. */
  readonly label: string
  readonly deaths: readonly Death[]
  readonly exchange: string
  readonly routingKey: string
  readonly priority: number
  /** The message's own time to live, ms; undefined where it says none. */
  readonly ttlMs: number | undefined
}

export interface Copy extends Trace {
  readonly identity: CopyIdentity
}

/** A message that is equal to another in everything that counts. */
export const keyOf = ({ label, deaths }: Pick<Trace, 'label' | 'deaths'>): string =>
  deaths.length === 0 ? label : `${label} ${JSON.stringify(deaths)}`

export function copyOf({ sent }: SimMessage): Copy {
  const attribute = sent.attributes[MESSAGE_ATTRIBUTE]?.StringValue
  const identity = parseCopy(sent.attributes[COPY_ATTRIBUTE]?.StringValue ?? '')
  return { ...traceOf({ body: sent.body, attribute }), identity }
}

export const traceOf = (stored: StoredMessage): Trace => traceIn(decodeMessage(stored, ''))

export function traceIn({ exchange, routingKey, properties }: Omit<Message, 'payload'>): Trace {
  const deaths = headersOf(properties)['x-death']
  return {
    label: properties.message_id ?? '',
    deaths: Array.isArray(deaths) ? deaths.filter(isTable).map(deathIn) : [],
    exchange,
    routingKey,
    priority: properties.priority ?? 0,
    ttlMs: properties.expiration === undefined ? undefined : Number(properties.expiration),
  }
}

function deathIn(entry: AmqpTable): Death {
  const keys = entry['routing-keys']
  return {
    queue: String(entry.queue),
    reason: String(entry.reason),
    count: Number(entry.count),
    exchange: String(entry.exchange),
    routingKeys: Array.isArray(keys) ? keys.map(String) : [],
  }
}

/**
 * What RabbitMQ makes of a message's deaths when it dies once more (rabbit_dead_letter, update_x_death_header): the entry
 * of the queue and reason comes to the front with its count raised, or a new one does.
 */
export function withDeath(
  { deaths, exchange, routingKey }: Omit<Trace, 'label'>,
  queue: string,
  reason: string,
): readonly Death[] {
  const earlier = deaths.find((death) => death.queue === queue && death.reason === reason)
  const others = deaths.filter((death) => death !== earlier)
  if (earlier) return [{ ...earlier, count: earlier.count + 1 }, ...others]
  return [{ queue, reason, count: 1, exchange, routingKeys: [routingKey] }, ...others]
}

/**
 * Whether RabbitMQ drops a dead message instead of putting it into a queue (rabbit_dead_letter, is_cycle): it has died there
 * before, and no consumer's reject is among the deaths since.
 */
export function endsInCycle(deaths: readonly Death[], queue: string): boolean {
  const place = deaths.findIndex((death) => death.queue === queue)
  return place >= 0 && deaths.slice(0, place + 1).every(({ reason }) => reason !== 'rejected')
}

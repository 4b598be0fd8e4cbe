import { type AmqpTable, type AmqpValue, integerOf, isTable, Typed } from './amqp-value.ts'
import { headersOf, type Message } from './message.ts'

/** Why a message left a queue for its dead-letter exchange (contract §3.7). */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit'

export const DEATH_REASONS: readonly DeathReason[] = ['rejected', 'expired', 'maxlen', 'delivery_limit']

/** The header that holds the {@link DeathReason} of a message's last death. */
export const DEATH_REASON_HEADER = 'x-last-death-reason'

export interface Death {
  readonly queue: string
  readonly reason: DeathReason
  /** Seconds since 1970. */
  readonly timeS: number
  /** Every key that the message was routed by, those of BCC not included. */
  readonly routingKeys: readonly string[]
}

/** Where a dead message goes: the dead-letter exchange, with the key that replaces its own ones, if there is one. */
export interface DeadLetterRoute {
  readonly exchange: string
  readonly routingKey: string | undefined
}

/**
 * The message as it is published to the dead-letter exchange (contract §3.7): the death is added to `x-death`, the
 * expiration is taken off so that it does not die again at once, and a replacing key also takes CC and BCC away.
 */
export function deadLettered(message: Message, death: Death, route: DeadLetterRoute): Message {
  const { expiration, ...properties } = message.properties
  const headers = withDeath(headersOf(properties), message.exchange, death, expiration)
  const kept = route.routingKey === undefined ? headers : withoutCopies(headers)
  return {
    exchange: route.exchange,
    routingKey: route.routingKey ?? message.routingKey,
    properties: { ...properties, headers: kept },
    payload: message.payload,
  }
}

function withDeath(headers: AmqpTable, exchange: string, death: Death, expiration: string | undefined): AmqpTable {
  const { queue, reason } = death
  const entries = deathsOf(headers)
  const earlier = entries.find((entry) => entry.queue === queue && entry.reason === reason)
  const others = entries.filter((entry) => entry !== earlier)
  const newest = earlier ? { ...earlier, count: countOf(earlier) + 1 } : firstEntry(exchange, death, expiration)
  const last = { 'x-last-death-exchange': exchange, 'x-last-death-queue': queue, [DEATH_REASON_HEADER]: reason }
  const first = { 'x-first-death-exchange': exchange, 'x-first-death-queue': queue, 'x-first-death-reason': reason }
  return { ...first, ...headers, ...last, 'x-death': [newest, ...others] }
}

function firstEntry(exchange: string, death: Death, expiration: string | undefined): AmqpTable {
  const entry: AmqpTable = {
    count: 1,
    reason: death.reason,
    queue: death.queue,
    time: new Typed('timestamp', death.timeS),
    exchange,
    'routing-keys': [...death.routingKeys],
  }
  return expiration === undefined ? entry : { ...entry, 'original-expiration': expiration }
}

/** The history of a message, newest first. */
const deathsOf = (headers: AmqpTable): AmqpTable[] => tablesIn(headers['x-death'])

const tablesIn = (value: AmqpValue | undefined): AmqpTable[] => (Array.isArray(value) ? value.filter(isTable) : [])

const countOf = ({ count }: AmqpTable): number => Number(integerOf(count) ?? 1)

function withoutCopies({ CC: _cc, BCC: _bcc, ...headers }: AmqpTable): AmqpTable {
  return headers
}

/**
 * Whether a dead message may enter this queue again (contract §3.7): a cycle that no consumer took part in ends, one with
 * a rejection in it goes on. `message` is what {@link deadLettered} made, with this death as the newest of its history.
 */
export function mayEnter(message: Message, queue: string): boolean {
  const deaths = deathsOf(headersOf(message.properties))
  const place = deaths.findIndex((entry) => entry.queue === queue)
  if (place < 0) return true
  return deaths.slice(0, place + 1).some(({ reason }) => reason === 'rejected')
}

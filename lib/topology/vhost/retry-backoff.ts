import { type AmqpTable, type AmqpValue, fieldOf, isTable, numberOf, typeName } from '../../model/amqp-value.ts'
import { MAX_VISIBILITY_S } from '../../model/queue.ts'

/** How long messages that are put back stay away: Leveret's own `x-retry-backoff` (docs/api.md). */
export interface RetryBackoff {
  /** After the first delivery. */
  readonly baseMs: number
  /** By how much it grows with each further delivery. */
  readonly factor: number
  readonly maxMs: number
  /** Which part of it chance takes away: 0 none, 1 as much as all. */
  readonly jitter: number
}

interface Field {
  readonly key: keyof RetryBackoff
  readonly min: number
  readonly max: number
  /** Undefined where it has to be given. */
  readonly fallback: number | undefined
}

const MAX_DELAY_MS = MAX_VISIBILITY_S * 1000

const FIELDS: Readonly<Record<string, Field>> = {
  'base-ms': { key: 'baseMs', min: 1, max: MAX_DELAY_MS, fallback: undefined },
  factor: { key: 'factor', min: 1, max: 100, fallback: 2 },
  'max-ms': { key: 'maxMs', min: 1, max: MAX_DELAY_MS, fallback: MAX_DELAY_MS },
  jitter: { key: 'jitter', min: 0, max: 1, fallback: 0.5 },
}

/** What is wrong with a value of `x-retry-backoff`, or undefined. */
export function retryBackoffComplaint(value: AmqpValue): string | undefined {
  if (!isTable(value)) return `expected table, got ${typeName(value)}`
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(FIELDS, name))
  if (unknown !== undefined) return `unknown field '${unknown}': expected ${Object.keys(FIELDS).join(', ')}`
  for (const [name, field] of Object.entries(FIELDS)) {
    const complaint = fieldComplaint(value, name, field)
    if (complaint !== undefined) return complaint
  }
  const { baseMs, maxMs } = backoffFrom(value)
  return baseMs > maxMs ? 'base-ms is more than max-ms' : undefined
}

function fieldComplaint(table: AmqpTable, name: string, { min, max, fallback }: Field): string | undefined {
  const value = fieldOf(table, name)
  if (value === undefined) return fallback === undefined ? `${name} is missing` : undefined
  const number = numberOf(value)
  if (number !== undefined && number >= min && number <= max) return undefined
  return `expected ${name} from ${min} to ${max}, got ${number ?? typeName(value)}`
}

/** Undefined for whatever {@link retryBackoffComplaint} complains of. */
export function parseRetryBackoff(value: AmqpValue | undefined): RetryBackoff | undefined {
  if (!isTable(value) || retryBackoffComplaint(value) !== undefined) return undefined
  return backoffFrom(value)
}

function backoffFrom(table: AmqpTable): RetryBackoff {
  const entries = Object.entries(FIELDS).map(([name, { key, fallback }]) => [
    key,
    numberOf(fieldOf(table, name)) ?? fallback,
  ])
  return Object.fromEntries(entries)
}

/**
 * How long a message stays away that is put back after so many deliveries, in the whole seconds that SQS counts.
 * `random` is a number from 0 to 1.
 */
export function retryDelayS(
  { baseMs, factor, maxMs, jitter }: RetryBackoff,
  deliveryCount: number,
  random: number,
): number {
  const wholeMs = Math.min(maxMs, baseMs * factor ** (Math.max(1, deliveryCount) - 1))
  return Math.ceil((wholeMs * (1 - jitter * random)) / 1000)
}

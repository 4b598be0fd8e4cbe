import type { DeadLetterFilter } from '../broker/dead-letter-scan.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { DEATH_REASONS } from '../model/death.ts'
import { invalid } from '../model/errors.ts'
import { DEFAULT_EXCHANGE_ALIAS } from '../model/names.ts'
import { optionalString } from './body.ts'

export const FILTER_FIELDS = ['reason', 'exchange', 'routing_key', 'since', 'until'] as const

/** What a query or a body says of dead letters (docs/api.md). Throws `invalid`. */
export function parseFilter(fields: AmqpTable): DeadLetterFilter {
  const exchange = optionalString(fields, 'exchange')
  const [sinceMs, untilMs] = [timeIn(fields, 'since'), timeIn(fields, 'until')]
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs > untilMs) throw invalid('since is later than until')
  return {
    reason: reasonIn(fields),
    exchange: exchange === DEFAULT_EXCHANGE_ALIAS ? '' : exchange,
    routingKey: optionalString(fields, 'routing_key'),
    sinceMs,
    untilMs,
  }
}

/** A mistyped filter would fit everything. Throws `invalid`, naming what there is. */
export function assertKnownFields(given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw invalid(`'${unknown.slice(0, 40)}' is not known here: use ${known.join(', ')}`)
}

function reasonIn(fields: AmqpTable): DeadLetterFilter['reason'] {
  const reason = optionalString(fields, 'reason')
  if (reason === undefined) return undefined
  const known = DEATH_REASONS.find((candidate) => candidate === reason)
  if (known) return known
  throw invalid(`reason is '${reason.slice(0, 40)}', it must be one of ${DEATH_REASONS.join(', ')}`)
}

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/

function timeIn(fields: AmqpTable, name: string): number | undefined {
  const text = optionalString(fields, name)
  if (text === undefined) return undefined
  const timeMs = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(timeMs)) return timeMs
  throw invalid(`${name} is '${text.slice(0, 40)}', it must be a time such as 2026-11-21T08:00:00Z`)
}

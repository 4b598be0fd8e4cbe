import { discardDeadLetters } from '../broker/discard-dead-letters.ts'
import { type DeadLetter, listDeadLetters } from '../broker/list-dead-letters.ts'
import { type RedriveTarget, redriveDeadLetters } from '../broker/redrive-dead-letters.ts'
import { type AmqpTable, type AmqpValue, isTable } from '../model/amqp-value.ts'
import { DEATH_REASON_HEADER } from '../model/death.ts'
import { invalid } from '../model/errors.ts'
import { headersOf } from '../model/message.ts'
import { DEFAULT_EXCHANGE_ALIAS } from '../model/names.ts'
import { assertFields, bodyObject, field, optionalInteger, optionalString } from './body.ts'
import { assertKnownFields, FILTER_FIELDS, parseFilter } from './dead-letter-filter.ts'
import type { Api, ApiContext } from './env.ts'
import { parseEncoding } from './get-body.ts'
import { segment } from './path.ts'
import { encodePayload, type PayloadForm } from './payload-form.ts'
import { json } from './respond.ts'
import { type Entry, withVhost } from './session.ts'

const MANAGEMENT: Entry = { tag: 'management' }

const DEFAULT_COUNT = 100
const MAX_COUNT = 1000

/** What function `manage` serves of dead letters that queues keep (docs/api.md). */
export function deadLetterRoutes(api: Api): void {
  api.get(
    '/queues/:vhost/:queue/dead-letters',
    withVhost(MANAGEMENT, async (c, session) => {
      const query = queryOf(c, [...FILTER_FIELDS, 'count', 'encoding', 'truncate'])
      const form = formIn(query)
      const { letters, totalCount } = await listDeadLetters(session, {
        queue: segment(c, 'queue'),
        filter: parseFilter(query),
        max: optionalInteger(query, 'count', [1, MAX_COUNT]) ?? DEFAULT_COUNT,
        // What Lambda answers is JSON in a JSON text.
        encodedSizeOf: (letter) => Buffer.byteLength(JSON.stringify(JSON.stringify(renderLetter(letter, form)))),
      })
      const items = letters.map((letter) => renderLetter(letter, form))
      return json(c, { item_count: items.length, items, total_count: totalCount })
    }),
  )

  api.delete(
    '/queues/:vhost/:queue/dead-letters',
    withVhost(MANAGEMENT, async (c, session) => {
      const filter = parseFilter(queryOf(c, FILTER_FIELDS))
      const queue = segment(c, 'queue')
      const { discardedCount, totalCount, isComplete } = await discardDeadLetters(session, { queue, filter })
      return json(c, { discarded: discardedCount, total_count: totalCount, complete: isComplete })
    }),
  )
}

/** What function `consume` serves of them. */
export function redriveRoutes(api: Api): void {
  api.post(
    '/queues/:vhost/:queue/dead-letters/redrive',
    withVhost({ ...MANAGEMENT, leased: true }, async (c, session) => {
      const input = { queue: segment(c, 'queue'), ...parseRedrive(bodyObject(c)) }
      const redriven = await redriveDeadLetters(session, input)
      return json(c, {
        redriven: redriven.redrivenCount,
        unroutable: redriven.unroutableCount,
        failed: redriven.failedCount,
        total_count: redriven.totalCount,
        complete: redriven.isComplete,
      })
    }),
  )
}

function parseRedrive(body: AmqpTable) {
  assertKnownFields(Object.keys(body), ['filter', 'to', 'count'])
  const filter = tableIn(body, 'filter')
  assertKnownFields(Object.keys(filter), FILTER_FIELDS)
  const max = optionalInteger(body, 'count', [1, Number.MAX_SAFE_INTEGER])
  return { filter: parseFilter(filter), max, to: field(body, 'to') === undefined ? undefined : targetIn(body) }
}

function targetIn(body: AmqpTable): RedriveTarget {
  const to = tableIn(body, 'to')
  assertKnownFields(Object.keys(to), ['exchange', 'routing_key'])
  assertFields(to, ['exchange'])
  const exchange = optionalString(to, 'exchange') ?? ''
  return {
    exchange: exchange === DEFAULT_EXCHANGE_ALIAS ? '' : exchange,
    routingKey: optionalString(to, 'routing_key'),
  }
}

function tableIn(body: AmqpTable, name: string): AmqpTable {
  const value: AmqpValue = field(body, name) ?? {}
  if (isTable(value)) return value
  throw invalid(`${name} must be a JSON object`)
}

/** The query as a table of texts. Throws `invalid` for parameters that are not known. */
function queryOf(c: ApiContext, known: readonly string[]): AmqpTable {
  const { query } = c.env.event
  assertKnownFields(Object.keys(query), known)
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, value ?? '']))
}

const formIn = (query: AmqpTable): PayloadForm => ({
  encoding: parseEncoding(field(query, 'encoding') ?? 'auto'),
  truncateBytes: optionalInteger(query, 'truncate', [0, Number.MAX_SAFE_INTEGER]),
})

/** Like a message of a get, with why and when it died; its history is in its headers. */
function renderLetter({ message, diedAtMs }: DeadLetter, form: PayloadForm): object {
  const { exchange, routingKey, properties, payload } = message
  return {
    reason: headersOf(properties)[DEATH_REASON_HEADER] ?? null,
    died_at: new Date(diedAtMs).toISOString(),
    exchange,
    routing_key: routingKey,
    properties,
    payload_bytes: payload?.length ?? null,
    ...(payload ? encodePayload(payload, form) : { payload: null, payload_encoding: null }),
  }
}

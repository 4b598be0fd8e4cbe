import { type AmqpTable, type AmqpValue, fieldOf, integerOf, isTable } from '../../model/amqp-value.ts'
import { ApiClient } from '../api-client.ts'
import type { DeadLetterAction } from '../commands/dead-letters.ts'
import type { Connection } from '../connection.ts'
import { CommandError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

export interface DeadLettersOptions {
  readonly vhost: string
  readonly queue: string
  /** In the words of the API. */
  readonly filter: Readonly<Record<string, string | undefined>>
  readonly count: string | undefined
  readonly toExchange: string | undefined
  readonly toRoutingKey: string | undefined
  readonly isJson: boolean
}

/** Exit code 0 where all that was asked for is done, 1 where some of it stays. */
export function runDeadLetters(
  connection: Connection,
  action: DeadLetterAction,
  options: DeadLettersOptions,
  terminal: Terminal,
): Promise<number> {
  const client = new ApiClient(connection, terminal.tell)
  switch (action) {
    case 'list':
      return list(client, options, terminal)
    case 'redrive':
      return redrive(client, options, terminal)
    case 'discard':
      return discard(client, options, terminal)
  }
}

const pathOf = ({ vhost, queue }: DeadLettersOptions): string =>
  `/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}/dead-letters`

function queryOf(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(withoutAbsent(fields))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

const withoutAbsent = (fields: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))

async function list(client: ApiClient, options: DeadLettersOptions, terminal: Terminal): Promise<number> {
  const answer = tableOf(await client.get(pathOf(options) + queryOf({ ...options.filter, count: options.count })))
  const items = fieldOf(answer, 'items')
  const letters = Array.isArray(items) ? items.filter(isTable) : []
  if (options.isJson) await terminal.print(`${JSON.stringify(letters)}\n`)
  else await terminal.print(letters.map((letter) => `${lineOf(letter)}\n`).join(''))
  terminal.tell(`${letters.length} shown, of about ${numberIn(answer, 'total_count')}`)
  return 0
}

const SHOWN_CHARACTERS = 60

/** When, why, where it was published to, and the beginning of the payload, without what a terminal would obey. */
function lineOf(letter: AmqpTable): string {
  const text = (name: string): string => String(fieldOf(letter, name) ?? '-')
  const exchange = text('exchange') || 'amq.default'
  const payload = text('payload').slice(0, SHOWN_CHARACTERS)
  const line = [text('died_at'), text('reason'), exchange, text('routing_key'), `${text('payload_bytes')} B`, payload]
  return line.join('  ').replaceAll(/\p{Cc}+/gu, ' ')
}

async function redrive(client: ApiClient, options: DeadLettersOptions, terminal: Terminal): Promise<number> {
  const { filter, count, toExchange, toRoutingKey } = options
  if (toRoutingKey !== undefined && toExchange === undefined)
    throw new CommandError('--to-routing-key goes with --to-exchange')
  const body: AmqpTable = {
    filter: withoutAbsent(filter),
    ...(count !== undefined && { count }),
    ...(toExchange !== undefined && { to: withoutAbsent({ exchange: toExchange, routing_key: toRoutingKey }) }),
  }
  const { done, last } = await repeat(terminal, 'redriven', () => client.post(`${pathOf(options)}/redrive`, body))
  const [unroutable, failed] = [numberIn(last, 'unroutable'), numberIn(last, 'failed')]
  if (unroutable > 0) terminal.tell(`${unroutable} stay: the exchange has no queue for them`)
  if (failed > 0) terminal.tell(`${failed} stay: they could not be sent, or their payload is gone; the log says more`)
  await terminal.print(`${done} redriven\n`)
  return unroutable + failed === 0 ? 0 : 1
}

async function discard(client: ApiClient, options: DeadLettersOptions, terminal: Terminal): Promise<number> {
  const path = pathOf(options) + queryOf(options.filter)
  const { done } = await repeat(terminal, 'discarded', () => client.delete(path))
  await terminal.print(`${done} discarded\n`)
  return 0
}

/** Until the broker says that it is complete. Throws `CommandError` where a request achieves nothing. */
async function repeat(
  terminal: Terminal,
  what: 'redriven' | 'discarded',
  request: () => Promise<AmqpValue>,
): Promise<{ done: number; last: AmqpTable }> {
  let done = 0
  let totalCount: number | undefined
  for (;;) {
    const last = tableOf(await request())
    const doneNow = numberIn(last, what)
    done += doneNow
    totalCount ??= numberIn(last, 'total_count')
    if (fieldOf(last, 'complete') === true) return { done, last }
    terminal.tell(`${done} of about ${totalCount} ${what}`)
    if (doneNow === 0) throw new CommandError(`${done} ${what}; more are left, but cannot be reached: try again later`)
  }
}

function tableOf(value: AmqpValue): AmqpTable {
  if (isTable(value)) return value
  throw new CommandError('the broker answered something else: is it of this release?')
}

const numberIn = (table: AmqpTable, name: string): number => Number(integerOf(fieldOf(table, name)) ?? 0)

import { type AmqpTable, canonicalText, fieldOf, integerOf } from '../../model/amqp-value.ts'
import { preconditionFailed } from '../../model/errors.ts'
import { acceptAny, type ExchangeEffect, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'
import { FanoutIndex } from '../fanout-index.ts'

/** What tells messages apart: of those with equal values one is passed on. */
const DEDUPLICATION_HEADER = 'x-deduplication-header'
const CACHE_TTL = 'x-cache-ttl'
const CACHE_SIZE = 'x-cache-size'

const DEFAULT_REMEMBERED_MS = 86_400_000

/** The text that equal values of the deduplication header share, or undefined for a message without it. */
export function deduplicationKeyOf(headers: AmqpTable): string | undefined {
  const value = fieldOf(headers, DEDUPLICATION_HEADER)
  return value === undefined ? undefined : canonicalText(value)
}

/** For how long a message says that it is to be remembered, ms; a day where nobody says anything. */
export const rememberedMsOf = (headers: AmqpTable, args: AmqpTable): number =>
  positive(fieldOf(headers, CACHE_TTL)) ?? positive(fieldOf(args, CACHE_TTL)) ?? DEFAULT_REMEMBERED_MS

function positive(value: AmqpTable[string] | undefined): number | undefined {
  const integer = integerOf(value)
  return integer !== undefined && integer > 0 ? Number(integer) : undefined
}

/** A fanout that passes on one message of those with the same header, as RabbitMQ's deduplication plugin has it. */
export const xMessageDeduplication: ExchangeType = {
  name: 'x-message-deduplication',
  description: 'Message Deduplication Exchange',
  assertArguments,
  assertBinding: acceptAny,
  createIndex: (args) => new DeduplicationIndex(args),
}

function assertArguments(args: AmqpTable): void {
  for (const name of [CACHE_SIZE, CACHE_TTL]) {
    const value = fieldOf(args, name)
    if (value !== undefined && positive(value) === undefined) {
      throw preconditionFailed(`Invalid argument, '${name}' must be an integer greater than 0`)
    }
  }
}

class DeduplicationIndex extends FanoutIndex {
  readonly #args: AmqpTable

  constructor(args: AmqpTable) {
    super()
    this.#args = args
  }

  effectOf({ headers }: RoutableMessage): ExchangeEffect | undefined {
    const key = deduplicationKeyOf(headers)
    return key === undefined ? undefined : { type: 'once', key, rememberedMs: rememberedMsOf(headers, this.#args) }
  }
}

import { type AmqpTable, fieldOf, integerOf } from '../../model/amqp-value.ts'
import { preconditionFailed } from '../../model/errors.ts'
import { acceptAny, type ExchangeEffect, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'
import { FanoutIndex } from '../fanout-index.ts'

const LENGTH = 'x-recent-history-length'
const NO_STORE_HEADER = 'x-recent-history-no-store'
const DEFAULT_LENGTH = 20
/** What binding a queue can bring along within a request. */
const MAX_LENGTH = 1000

/** A fanout that keeps the last messages for queues that are bound later (contract §3.6). */
export const xRecentHistory: ExchangeType = {
  name: 'x-recent-history',
  description: 'Recent History Exchange.',
  assertArguments: (args) => void lengthOf(args),
  assertBinding: acceptAny,
  createIndex: (args) => new HistoryIndex(lengthOf(args)),
}

function lengthOf(args: AmqpTable): number {
  const value = fieldOf(args, LENGTH)
  if (value === undefined) return DEFAULT_LENGTH
  const length = integerOf(value)
  if (length === undefined || length <= 0) {
    throw preconditionFailed(`Invalid argument, '${LENGTH}' must be a positive integer`)
  }
  if (length > MAX_LENGTH)
    throw preconditionFailed(`Invalid argument, '${LENGTH}' must not be greater than ${MAX_LENGTH}`)
  return Number(length)
}

class HistoryIndex extends FanoutIndex {
  readonly #count: number

  constructor(count: number) {
    super()
    this.#count = count
  }

  effectOf({ headers }: RoutableMessage): ExchangeEffect | undefined {
    return fieldOf(headers, NO_STORE_HEADER) === true ? undefined : { type: 'keep', count: this.#count }
  }
}

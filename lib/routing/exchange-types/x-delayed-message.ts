import { type AmqpTable, fieldOf, integerOf, Typed } from '../../model/amqp-value.ts'
import type { Binding } from '../../model/binding.ts'
import { preconditionFailed } from '../../model/errors.ts'
import type { BindingIndex, ExchangeEffect, ExchangeType, RoutableMessage } from '../exchange-type.ts'

const NAME = 'x-delayed-message'

/** A year. RabbitMQ's plugin stops at 2^32 ms, about 50 days. */
export const MAX_DELAY_MS = 31_536_000_000

/** The header with the delay, ms; negative once it has been served (contract §3.6). */
const DELAY_HEADER = 'x-delay'

/**
 * Holds a message for as long as its header says and routes it then, by the type that its argument names and with the
 * bindings of that time (contract §3.6). `typeOf` finds that other type.
 */
export const delayedMessage = (typeOf: (name: string) => ExchangeType | undefined): ExchangeType => {
  const innerOf = (args: AmqpTable): ExchangeType => {
    const inner = typeOf(innerName(args))
    if (inner) return inner
    throw preconditionFailed(`Invalid argument, '${INNER}' must be an existing exchange type`)
  }
  return {
    name: NAME,
    description: 'Delayed Message Exchange',
    assertArguments(args) {
      if (innerName(args) === NAME) throw preconditionFailed(`Invalid argument, '${NAME}' can't be used for '${INNER}'`)
      innerOf(args).assertArguments(args)
    },
    assertBinding: (binding, args) => innerOf(args).assertBinding(binding, args),
    createIndex: (args) => new HoldingIndex(innerOf(args).createIndex(args)),
  }
}

const INNER = 'x-delayed-type'

function innerName(args: AmqpTable): string {
  const name = fieldOf(args, INNER)
  return typeof name === 'string' ? name : ''
}

class HoldingIndex implements BindingIndex {
  private readonly inner: BindingIndex

  constructor(inner: BindingIndex) {
    this.inner = inner
  }

  add(binding: Binding): void {
    this.inner.add(binding)
  }

  remove(binding: Binding): void {
    this.inner.remove(binding)
  }

  match(message: RoutableMessage, found: (binding: Binding) => void): void {
    this.inner.match(message, found)
  }

  effectOf({ headers }: RoutableMessage): ExchangeEffect | undefined {
    const holdMs = headerOf(headers)
    return holdMs > 0 ? { type: 'hold', holdMs } : undefined
  }
}

/**
 * For what a client publishes. What comes another way, such as out of a queue, is held for as long as possible instead: it
 * was accepted before, and refusing it would leave it where it is for good. Throws `precondition-failed`.
 */
export function assertHoldable(holdMs: number): void {
  if (holdMs <= MAX_DELAY_MS) return
  throw preconditionFailed(`header '${DELAY_HEADER}' is ${holdMs} ms: a message can be held ${MAX_DELAY_MS} ms at most`)
}

/** The headers of a message whose delay is over: receivers, and exchanges on its way, see that it has been served. */
export const withDelayServed = (headers: AmqpTable): AmqpTable => ({
  ...headers,
  [DELAY_HEADER]: -Math.abs(headerOf(headers)),
})

/**
 * The delay that a message asks for, ms: an integer, a fraction without what follows the point, or a text that is an
 * integer; 0 for anything else.
 */
function headerOf(headers: AmqpTable): number {
  const value = fieldOf(headers, DELAY_HEADER)
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value === 'string') return /^[+-]?\d+$/.test(value) ? Number(value) : 0
  if (value instanceof Typed && (value.type === 'double' || value.type === 'float'))
    return Math.trunc(Number(value.value))
  return Number(integerOf(value) ?? 0)
}

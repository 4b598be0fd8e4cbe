import type { AmqpTable } from '../model/amqp-value.ts'
import type { Binding } from '../model/binding.ts'
import type { Properties } from '../model/message.ts'

/** What exchange types may look at to route a message. */
export interface RoutableMessage {
  /** The routing key, then the keys of CC and BCC. */
  readonly routingKeys: readonly string[]
  readonly headers: AmqpTable
  readonly properties: Properties
  /** A number in [0, 1), for types that choose at random: types themselves are pure. */
  readonly random: () => number
}

/** What an exchange does with a message beside routing it. Whoever delivers does it: it takes more than the topology. */
export type ExchangeEffect =
  /** Routes it only when it has been held for so long. */
  | { readonly type: 'hold'; readonly holdMs: number }
  /** Routes one message with this key and no other in so long a time. */
  | { readonly type: 'once'; readonly key: string; readonly rememberedMs: number }
  /** Routes it, and keeps the last so many messages for queues that are bound later. */
  | { readonly type: 'keep'; readonly count: number }

/**
 * The bindings of one exchange, arranged so that matching a message costs little. Owned and changed by the topology,
 * read by routing; both are synchronous, so a message is always routed by one consistent set of bindings.
 */
export interface BindingIndex {
  /** Called once for each binding, which {@link ExchangeType.assertBinding} has accepted; never twice for equal bindings. */
  add(binding: Binding): void
  /** Called with a binding that was added; the same object or an equal one. Leaves no trace of it. */
  remove(binding: Binding): void
  /** Calls `found` with the bindings that the message matches. May repeat bindings and destinations; must not add, remove or throw. */
  match(message: RoutableMessage, found: (binding: Binding) => void): void
  /** What the exchange does with the message beside matching it, if anything. */
  effectOf?(message: RoutableMessage): ExchangeEffect | undefined
}

/**
 * The contract of an exchange type. Types are looked up by their wire name, hold no state of their own and know nothing
 * of each other; generic code never branches on a type.
 */
export interface ExchangeType {
  readonly name: string
  readonly description: string
  /** Throws `precondition-failed` when an exchange of this type cannot have these arguments. Called at declare. */
  assertArguments(args: AmqpTable): void
  /** Throws `precondition-failed` when the binding makes no sense for this type. Called at bind, so matching need not check. */
  assertBinding(binding: Pick<Binding, 'routingKey' | 'arguments'>, exchangeArguments: AmqpTable): void
  /** An empty index for an exchange declared with these arguments. */
  createIndex(args: AmqpTable): BindingIndex
}

/** For types that take any arguments, or any binding. */
export const acceptAny = (): void => {}

import { type AmqpTable, canonicalText } from '../../model/amqp-value.ts'
import type { Binding } from '../../model/binding.ts'
import { erlangTerm } from '../../model/erlang-term.ts'
import { preconditionFailed } from '../../model/errors.ts'
import { BindingsByDestination, destinationKey } from '../bindings-by-destination.ts'
import type { BindingIndex, ExchangeType, RoutableMessage } from '../exchange-type.ts'
import { mix32, murmur3 } from '../hash.ts'

/** RabbitMQ's limit since 4.2.9 (contract §3.5): there, each unit of weight is a bucket in memory. */
export const MAX_WEIGHT = 10_000

const HASHABLE_PROPERTIES = ['correlation_id', 'message_id', 'timestamp'] as const
type HashableProperty = (typeof HASHABLE_PROPERTIES)[number]

/** What a message without the header or property is hashed by: all such messages share one destination. */
const NOTHING_TO_HASH = ''

/**
 * One destination, by a hash of the routing key or of what the exchange's `hash-header` or `hash-property` names. The
 * share of a destination is proportional to its weight, which is its binding key; a destination that comes or goes moves
 * its own share and no other message (contract §3.5). Of several bindings of one destination the first that was added
 * counts; when it is removed, the next does, where RabbitMQ would forget the destination.
 */
export const xConsistentHash: ExchangeType = {
  name: 'x-consistent-hash',
  description: 'One destination, by consistent hashing; a binding key is a weight',
  assertArguments,
  assertBinding: ({ routingKey }) => void parseWeight(routingKey),
  createIndex: (args) => new ConsistentHashIndex(hashedTextOf(args)),
}

function assertArguments(args: AmqpTable): void {
  const header = args['hash-header']
  const property = args['hash-property']
  if (header !== undefined && property !== undefined) {
    throw preconditionFailed('hash-header and hash-property are mutually exclusive')
  }
  if (header !== undefined && typeof header !== 'string') throw preconditionFailed('hash-header must be a string')
  if (property === undefined || isHashableProperty(property)) return
  if (typeof property !== 'string') throw preconditionFailed('hash-property must be a string')
  throw preconditionFailed(`Unsupported property: ${property}`)
}

const isHashableProperty = (property: unknown): property is HashableProperty =>
  HASHABLE_PROPERTIES.some((hashable) => hashable === property)

function parseWeight(routingKey: string): number {
  if (!/^[+-]?\d+$/.test(routingKey)) {
    throw preconditionFailed(`The binding key must be an integer: ${erlangTerm(routingKey)}`)
  }
  const weight = Number(routingKey)
  if (weight < 1) throw preconditionFailed('The binding key must be greater than 0')
  if (weight > MAX_WEIGHT) throw preconditionFailed(`The binding key must not be greater than ${MAX_WEIGHT}`)
  return weight
}

/** What an exchange with these arguments hashes of a message. */
function hashedTextOf(args: AmqpTable): (message: RoutableMessage) => string {
  const header = args['hash-header']
  if (typeof header === 'string') return ({ headers }) => headerText(headers, header)
  const property = args['hash-property']
  if (isHashableProperty(property)) return ({ properties }) => String(properties[property] ?? NOTHING_TO_HASH)
  return routingKeyOf
}

const routingKeyOf = ({ routingKeys: [routingKey = NOTHING_TO_HASH] }: RoutableMessage): string => routingKey

function headerText(headers: AmqpTable, name: string): string {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  return value === undefined ? NOTHING_TO_HASH : canonicalText(value)
}

interface Share {
  readonly binding: Binding
  readonly weight: number
  readonly destinationHash: number
}

/**
 * Weighted rendezvous hashing: each destination draws a number from the hash of the message and its own, and the
 * highest score wins. So only a destination's own draws depend on its presence and weight.
 */
class ConsistentHashIndex implements BindingIndex {
  private readonly hashedText: (message: RoutableMessage) => string
  private readonly bindings = new BindingsByDestination()
  /** Made when a message first needs it after a change. */
  private shares: readonly Share[] | undefined

  constructor(hashedText: (message: RoutableMessage) => string) {
    this.hashedText = hashedText
  }

  add(binding: Binding): void {
    this.bindings.add(binding)
    this.shares = undefined
  }

  remove(binding: Binding): void {
    this.bindings.remove(binding)
    this.shares = undefined
  }

  match(message: RoutableMessage, found: (binding: Binding) => void): void {
    this.shares ??= this.bindings.counting().map(shareOf)
    const hash = murmur3(this.hashedText(message))
    let winner: Share | undefined
    let highest = Number.NEGATIVE_INFINITY
    for (const share of this.shares) {
      const score = scoreOf(share, hash)
      if (score <= highest) continue
      winner = share
      highest = score
    }
    if (winner !== undefined) found(winner.binding)
  }
}

const shareOf = (binding: Binding): Share => ({
  binding,
  weight: parseWeight(binding.routingKey),
  destinationHash: murmur3(destinationKey(binding)),
})

/** With u uniform in (0, 1), the highest of `-weight / ln u` is a destination's with a probability proportional to its weight. */
function scoreOf({ weight, destinationHash }: Share, messageHash: number): number {
  const uniform = (mix32(messageHash ^ destinationHash) + 0.5) / 2 ** 32
  return -weight / Math.log(uniform)
}

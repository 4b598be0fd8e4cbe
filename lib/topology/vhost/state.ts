import { type Binding, bindingKey } from '../../model/binding.ts'
import { alternateExchangeOf, type Exchange } from '../../model/exchange.ts'
import type { Queue } from '../../model/queue.ts'
import type { BindingIndex } from '../../routing/exchange-type.ts'
import { exchangeType } from '../../routing/exchange-types.ts'
import type { RoutedExchange, RoutingView } from '../../routing/view.ts'
import type { Parameter, Policy } from './events.ts'

/** Bindings by their {@link bindingKey}. */
type Bindings = Map<string, Binding>

export interface ExchangeNode extends RoutedExchange {
  readonly outgoing: Bindings
  readonly incoming: Bindings
}

export interface QueueNode {
  readonly queue: Queue
  readonly incoming: Bindings
}

/**
 * The topology of one vhost: what is declared, with the indexes that deciding and routing need. One change costs what it
 * touches, never the size of the whole. Changed only by events (vhost-machine.ts); everybody else reads.
 */
export class VhostState implements RoutingView {
  id = ''
  vhost = ''
  readonly policies = new Map<string, Policy>()
  /** By component and name, see {@link parameterKey}. */
  readonly parameters = new Map<string, Parameter>()

  readonly #exchanges = new Map<string, ExchangeNode>()
  readonly #exchangeIds = new Map<string, string>()
  readonly #queues = new Map<string, QueueNode>()
  readonly #queueIds = new Map<string, string>()
  #bindingCount = 0

  get queueCount(): number {
    return this.#queues.size
  }

  get exchangeCount(): number {
    return this.#exchanges.size
  }

  get bindingCount(): number {
    return this.#bindingCount
  }

  exchangeById(id: string): ExchangeNode | undefined {
    return this.#exchanges.get(id)
  }

  exchangeByName(name: string): ExchangeNode | undefined {
    const id = this.#exchangeIds.get(name)
    return id === undefined ? undefined : this.#exchanges.get(id)
  }

  queueById(id: string): Queue | undefined {
    return this.#queues.get(id)?.queue
  }

  queueByName(name: string): Queue | undefined {
    return this.queueNodeByName(name)?.queue
  }

  queueNodeByName(name: string): QueueNode | undefined {
    const id = this.#queueIds.get(name)
    return id === undefined ? undefined : this.#queues.get(id)
  }

  exchanges(): Iterable<ExchangeNode> {
    return this.#exchanges.values()
  }

  queues(): Iterable<QueueNode> {
    return this.#queues.values()
  }

  /** Every binding that somebody made; the default exchange's are implied by the queues. */
  *bindings(): Iterable<Binding> {
    for (const { outgoing } of this.#exchanges.values()) yield* outgoing.values()
  }

  hasBinding(binding: Binding): boolean {
    return this.#exchanges.get(binding.sourceId)?.outgoing.has(bindingKey(binding)) ?? false
  }

  /** The node that a destination names, which has incoming bindings whichever its type. */
  destinationNode({ type, id }: Binding['destination']): { readonly incoming: Bindings } | undefined {
    return type === 'queue' ? this.#queues.get(id) : this.#exchanges.get(id)
  }

  addExchange(exchange: Exchange): void {
    this.#exchanges.set(exchange.id, {
      exchange,
      bindings: indexFor(exchange),
      alternate: alternateExchangeOf(exchange),
      outgoing: new Map(),
      incoming: new Map(),
    })
    this.#exchangeIds.set(exchange.name, exchange.id)
  }

  removeExchange(id: string): void {
    const node = this.#exchanges.get(id)
    if (!node) return
    for (const binding of [...node.outgoing.values(), ...node.incoming.values()]) this.removeBinding(binding)
    this.#exchanges.delete(id)
    this.#exchangeIds.delete(node.exchange.name)
  }

  addQueue(queue: Queue): void {
    this.#queues.set(queue.id, { queue, incoming: new Map() })
    this.#queueIds.set(queue.name, queue.id)
  }

  removeQueue(id: string): void {
    const node = this.#queues.get(id)
    if (!node) return
    for (const binding of [...node.incoming.values()]) this.removeBinding(binding)
    this.#queues.delete(id)
    this.#queueIds.delete(node.queue.name)
  }

  addBinding(binding: Binding): void {
    const source = this.#exchanges.get(binding.sourceId)
    const destination = this.destinationNode(binding.destination)
    const key = bindingKey(binding)
    if (!source || !destination || source.outgoing.has(key)) return
    source.outgoing.set(key, binding)
    destination.incoming.set(key, binding)
    source.bindings.add(binding)
    this.#bindingCount += 1
  }

  removeBinding(binding: Binding): void {
    const key = bindingKey(binding)
    const source = this.#exchanges.get(binding.sourceId)
    const stored = source?.outgoing.get(key)
    if (!source || !stored) return
    source.outgoing.delete(key)
    this.destinationNode(binding.destination)?.incoming.delete(key)
    source.bindings.remove(stored)
    this.#bindingCount -= 1
  }
}

export const parameterKey = (component: string, name: string): string => JSON.stringify([component, name])

/** A type is checked when an exchange is declared, and a format that knows more types is refused before it gets here. */
function indexFor(exchange: Exchange): BindingIndex {
  const type = exchangeType(exchange.type)
  if (!type) throw new Error(`exchange '${exchange.name}' has the unknown type '${exchange.type}'`)
  return type.createIndex(exchange.arguments)
}

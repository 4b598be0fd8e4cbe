import type { Binding } from '../../model/binding.ts'
import { BindingsByDestination } from '../bindings-by-destination.ts'
import { acceptAny, type BindingIndex, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'
import { murmur3 } from '../hash.ts'

/**
 * The destination at the place `hash(routing key) mod n` among the n destinations, sorted (contract §3.6). Another
 * destination moves nearly every key: `x-consistent-hash` exists for those who mind.
 */
export const xModulusHash: ExchangeType = {
  name: 'x-modulus-hash',
  description: 'One destination, by the hash of the routing key modulo their number',
  assertArguments: acceptAny,
  assertBinding: acceptAny,
  createIndex: () => new ModulusHashIndex(),
}

class ModulusHashIndex implements BindingIndex {
  private readonly bindings = new BindingsByDestination()
  /** Made when a message first needs it after a change. */
  private counting: readonly Binding[] | undefined

  add(binding: Binding): void {
    this.bindings.add(binding)
    this.counting = undefined
  }

  remove(binding: Binding): void {
    this.bindings.remove(binding)
    this.counting = undefined
  }

  match({ routingKeys: [routingKey = ''] }: RoutableMessage, found: (binding: Binding) => void): void {
    this.counting ??= this.bindings.counting()
    const binding = this.counting[murmur3(routingKey) % this.counting.length]
    if (binding !== undefined) found(binding)
  }
}

import type { Binding } from '../../model/binding.ts'
import { BindingSet } from '../binding-set.ts'
import { acceptAny, type BindingIndex, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'

/** The binding key is the routing key, byte for byte; the empty key is a key like any other (contract §3.2). */
export const direct: ExchangeType = {
  name: 'direct',
  description: 'AMQP direct exchange, as per the AMQP specification',
  assertArguments: acceptAny,
  assertBinding: acceptAny,
  createIndex: () => new DirectIndex(),
}

class DirectIndex implements BindingIndex {
  /** By binding key; no empty set is kept. */
  private readonly byKey = new Map<string, BindingSet>()

  add(binding: Binding): void {
    const bindings = this.byKey.get(binding.routingKey) ?? new BindingSet()
    if (bindings.size === 0) this.byKey.set(binding.routingKey, bindings)
    bindings.add(binding)
  }

  remove(binding: Binding): void {
    const bindings = this.byKey.get(binding.routingKey)
    bindings?.remove(binding)
    if (bindings?.size === 0) this.byKey.delete(binding.routingKey)
  }

  match({ routingKeys }: RoutableMessage, found: (binding: Binding) => void): void {
    for (const key of routingKeys) this.byKey.get(key)?.forEach(found)
  }
}

import type { Binding } from '../../model/binding.ts'
import { BindingSet } from '../binding-set.ts'
import { acceptAny, type BindingIndex, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'

/** Every binding matches every message (contract §3.2). */
export const fanout: ExchangeType = {
  name: 'fanout',
  description: 'AMQP fanout exchange, as per the AMQP specification',
  assertArguments: acceptAny,
  assertBinding: acceptAny,
  createIndex: () => new FanoutIndex(),
}

class FanoutIndex implements BindingIndex {
  private readonly bindings = new BindingSet()

  add(binding: Binding): void {
    this.bindings.add(binding)
  }

  remove(binding: Binding): void {
    this.bindings.remove(binding)
  }

  match(_message: RoutableMessage, found: (binding: Binding) => void): void {
    this.bindings.forEach(found)
  }
}

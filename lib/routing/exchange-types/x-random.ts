import type { Binding } from '../../model/binding.ts'
import { BindingSet } from '../binding-set.ts'
import { acceptAny, type BindingIndex, type ExchangeType, type RoutableMessage } from '../exchange-type.ts'

/** One of all bindings, each with the same probability; keys and arguments mean nothing (contract §3.6). */
export const xRandom: ExchangeType = {
  name: 'x-random',
  description: 'One binding, picked at random',
  assertArguments: acceptAny,
  assertBinding: acceptAny,
  createIndex: () => new RandomIndex(),
}

class RandomIndex implements BindingIndex {
  private readonly bindings = new BindingSet()

  add(binding: Binding): void {
    this.bindings.add(binding)
  }

  remove(binding: Binding): void {
    this.bindings.remove(binding)
  }

  match({ random }: RoutableMessage, found: (binding: Binding) => void): void {
    const binding = this.bindings.at(Math.floor(random() * this.bindings.size))
    if (binding !== undefined) found(binding)
  }
}

import type { Binding } from '../model/binding.ts'
import { BindingSet } from './binding-set.ts'
import type { BindingIndex, RoutableMessage } from './exchange-type.ts'

/** Of exchanges whose bindings match every message. */
export class FanoutIndex implements BindingIndex {
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

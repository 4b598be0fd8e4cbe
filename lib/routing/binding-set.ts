import { equalValues } from '../model/amqp-value.ts'
import { type Binding, bindingKey } from '../model/binding.ts'

/** Up to here a scan for the binding to remove is cheaper than a second structure, and most sets hold one binding. */
const MAX_SCANNED = 16

/**
 * The bindings that match the same messages, in no particular order. Small in memory, since an exchange may own one per
 * binding key; walked as an array; a removal from a large set does not depend on its size.
 */
export class BindingSet {
  private readonly bindings: Binding[] = []
  /** Where each binding stands, by its {@link bindingKey}: present from the moment that the set outgrows a scan until it is empty. */
  private positions: Map<string, number> | undefined

  get size(): number {
    return this.bindings.length
  }

  at(index: number): Binding | undefined {
    return this.bindings[index]
  }

  forEach(visit: (binding: Binding) => void): void {
    for (const binding of this.bindings) visit(binding)
  }

  add(binding: Binding): void {
    this.positions?.set(bindingKey(binding), this.bindings.length)
    this.bindings.push(binding)
    if (this.positions === undefined && this.bindings.length > MAX_SCANNED) {
      this.positions = new Map(this.bindings.map((added, position) => [bindingKey(added), position]))
    }
  }

  /** Removes an equal binding, if there is one, by moving the last one into its place. */
  remove(binding: Binding): void {
    const position = this.positionOf(binding)
    const last = this.bindings.length - 1
    const moved = this.bindings[last]
    if (position === undefined || moved === undefined) return
    this.bindings[position] = moved
    this.bindings.length = last
    if (this.positions === undefined) return
    this.positions.set(bindingKey(moved), position)
    this.positions.delete(bindingKey(binding))
    if (last === 0) this.positions = undefined
  }

  private positionOf(binding: Binding): number | undefined {
    if (this.positions !== undefined) return this.positions.get(bindingKey(binding))
    const position = this.bindings.findIndex((added) => added === binding || equalBindings(added, binding))
    return position < 0 ? undefined : position
  }
}

/** Whether two bindings of one source are the same binding (contract §1.2). */
const equalBindings = (left: Binding, right: Binding): boolean =>
  left.destination.id === right.destination.id &&
  left.destination.type === right.destination.type &&
  left.routingKey === right.routingKey &&
  equalValues(left.arguments, right.arguments)

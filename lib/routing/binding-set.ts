import { equalValues } from '../model/amqp-value.ts'
import { type Binding, bindingKey } from '../model/binding.ts'

/** Up to here a scan for the binding to remove is cheaper than a second structure, and most sets hold one binding. */
const MAX_SCANNED = 16

/**
 * The bindings that match the same messages, in no particular order. Small in memory, since an exchange may own one per
 * binding key; walked as an array; a removal from a large set does not depend on its size.
 */
export class BindingSet {
  /** The binding of a set that has never had two: most have not, and an array would be two more places in memory to look at. */
  private single: Binding | undefined
  private many: Binding[] | undefined
  /** Where each of many stands, by its {@link bindingKey}: present from the moment that the set outgrows a scan until it is empty. */
  private positions: Map<string, number> | undefined

  get size(): number {
    return this.single === undefined ? (this.many?.length ?? 0) : 1
  }

  at(index: number): Binding | undefined {
    return this.many === undefined && index === 0 ? this.single : this.many?.[index]
  }

  forEach(visit: (binding: Binding) => void): void {
    if (this.single !== undefined) visit(this.single)
    else if (this.many !== undefined) for (const binding of this.many) visit(binding)
  }

  add(binding: Binding): void {
    if (this.size === 0) {
      this.single = binding
      return
    }
    const many = this.many ?? [this.single as Binding]
    this.single = undefined
    this.many = many
    this.positions?.set(bindingKey(binding), many.length)
    many.push(binding)
    if (this.positions === undefined && many.length > MAX_SCANNED) {
      this.positions = new Map(many.map((added, position) => [bindingKey(added), position]))
    }
  }

  /** Removes an equal binding, if there is one. */
  remove(binding: Binding): void {
    if (this.single !== undefined && isSame(this.single, binding)) this.single = undefined
    if (this.many !== undefined) this.removeFrom(this.many, binding)
  }

  /** Moves the last one into its place. */
  private removeFrom(many: Binding[], binding: Binding): void {
    const position = this.positionIn(many, binding)
    const moved = many.at(-1)
    if (position === undefined || moved === undefined) return
    many[position] = moved
    many.length -= 1
    this.positions?.set(bindingKey(moved), position)
    this.positions?.delete(bindingKey(binding))
    if (many.length > 0) return
    this.many = undefined
    this.positions = undefined
  }

  private positionIn(many: readonly Binding[], binding: Binding): number | undefined {
    if (this.positions !== undefined) return this.positions.get(bindingKey(binding))
    const position = many.findIndex((added) => isSame(added, binding))
    return position < 0 ? undefined : position
  }
}

const isSame = (added: Binding, binding: Binding): boolean => added === binding || equalBindings(added, binding)

/** Whether two bindings of one source are the same binding (contract §1.2). */
const equalBindings = (left: Binding, right: Binding): boolean =>
  left.destination.id === right.destination.id &&
  left.destination.type === right.destination.type &&
  left.routingKey === right.routingKey &&
  equalValues(left.arguments, right.arguments)

import { type Binding, bindingKey } from '../model/binding.ts'

/**
 * Bindings grouped by destination, for types that share messages out among destinations. Several bindings of one
 * destination count as one, the first that was added; when that one goes, the next takes its place.
 */
export class BindingsByDestination {
  private readonly groups = new Map<string, Map<string, Binding>>()

  add(binding: Binding): void {
    const destination = destinationKey(binding)
    const group = this.groups.get(destination)
    if (group === undefined) this.groups.set(destination, new Map([[bindingKey(binding), binding]]))
    else group.set(bindingKey(binding), binding)
  }

  remove(binding: Binding): void {
    const destination = destinationKey(binding)
    const group = this.groups.get(destination)
    group?.delete(bindingKey(binding))
    if (group?.size === 0) this.groups.delete(destination)
  }

  /** The binding that counts for each destination, sorted by destination: the order in which destinations came means nothing. */
  counting(): readonly Binding[] {
    const sorted = [...this.groups].sort(([left], [right]) => (left < right ? -1 : 1))
    return sorted.flatMap(([, group]) => group.values().take(1).toArray())
  }
}

/** The identity of a binding's destination as a text. */
export const destinationKey = ({ destination }: Binding): string => `${destination.type} ${destination.id}`

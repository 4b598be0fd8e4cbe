/** A list inside a case from which any items may be left out. */
export interface Droppable<T> {
  count(value: T): number
  /** The case with only those items whose index `isKept` accepts. */
  keep(value: T, isKept: (index: number) => boolean): T
}

export interface FailingCase<T> {
  readonly value: T
  readonly error: Error
}

/**
 * Leaves out what a failing case does not need: halves of each list first, then smaller parts, down to single items,
 * as long as it still fails. Every attempt asks two brokers, so it stops at `deadline` (`performance.now()` time).
 */
export async function minimise<T>(
  failing: FailingCase<T>,
  lists: readonly Droppable<T>[],
  failureOf: (value: T) => Promise<Error | undefined>,
  deadline: number,
): Promise<FailingCase<T>> {
  let smallest = failing
  for (const list of lists) {
    for (let size = Math.ceil(list.count(smallest.value) / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let start = 0; start < list.count(smallest.value); ) {
        if (performance.now() > deadline) return smallest
        const value = list.keep(smallest.value, (index) => index < start || index >= start + size)
        const error = await failureOf(value)
        if (error === undefined) start += size
        else smallest = { value, error }
      }
    }
  }
  return smallest
}

/** How many letters may be wrong in a word that is taken for another. */
const MAX_DISTANCE = 2

/** The word that was probably meant; undefined where none is close. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const [best] = words
    .map((word) => ({ word, distance: word.startsWith(typed) ? 0 : editDistance(typed, word) }))
    .filter(({ distance }) => distance <= MAX_DISTANCE)
    .sort((left, right) => left.distance - right.distance)
  return best?.word
}

/** Levenshtein's: the fewest letters to insert, delete or replace. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = cell(row, column - 1) + (letter === right[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, cell(row, column) + 1, cell(next, column - 1) + 1))
    }
    row = next
  }
  return cell(row, right.length)
}

const cell = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY

import type { Line } from './line.ts'

/** One row of the table of docs/performance.md: a file of `rows/` each, and a line of `rows.ts`. */
export interface Row {
  readonly number: number
  readonly title: string
  /** Throws {@link Skipped} where what it is measured beside is not there. `say` shows progress. */
  measure(say: (progress: string) => void): Promise<readonly Line[]>
}

/** Something is missing that is not this project's; the row says so in the table, and nothing fails. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

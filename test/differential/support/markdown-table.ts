/** A table that a tool has printed: the cells of its rows by their columns. A row may have several lines. */
export interface MarkdownTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Reads a table in Markdown; undefined where the text is none. A line whose first cell is empty goes on with the row before, but for the first. */
export function parseMarkdownTable(text: string): MarkdownTable | undefined {
  const lines = text.trim().split('\n')
  if (!lines.every((line) => line.startsWith('|'))) return undefined
  const ruled = lines.findIndex((line) => /^\|[-|]+\|$/.test(line))
  if (ruled < 0) return undefined
  const columns = cellsOf(lines[ruled === 0 ? 0 : ruled - 1] ?? '')
  const rows: string[][] = []
  for (const line of lines.slice(ruled + 1)) {
    const cells = cellsOf(line)
    const last = rows.at(-1)
    if (cells[0] !== '' || !last) rows.push(cells)
    else for (const [index, cell] of cells.entries()) if (cell !== '') last[index] = `${last[index]}\n${cell}`
  }
  return { columns, rows }
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim())

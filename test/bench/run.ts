import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Report, reportOf } from './report.ts'
import { type Row, Skipped } from './row.ts'
import { ROWS } from './rows.ts'

const [BEGIN, END] = ['<!-- bench: begin -->', '<!-- bench: end -->']

/**
 * `npm run bench -- [--only 3,6] [--json FILE] [--write FILE]`: measures row after row and prints the table, which
 * `--write` also puts between the marks of a page. `--json` writes all figures, of each round.
 */
const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, write: { type: 'string' } },
})
const chosen = values.only?.split(',').map(Number)
const rows = ROWS.filter(({ number }) => chosen === undefined || chosen.includes(number))
const startMs = performance.now()
const reports: Report['rows'][number][] = []
for (const [index, row] of rows.entries()) reports.push(await measured(row, index))
const report = reportOf(reports, new Date())
console.log(`\n${report.markdown}\n`)
if (values.json) writeFileSync(values.json, `${JSON.stringify(report.json, undefined, 1)}\n`)
if (values.write) writeInto(values.write, report.markdown)
process.exit()

async function measured(row: Row, index: number): Promise<Report['rows'][number]> {
  const say = (progress: string) =>
    console.error(`${seconds()} s, row ${row.number} (${index + 1} of ${rows.length}), ${row.title}: ${progress}`)
  say('begins')
  try {
    return { ...row, lines: await row.measure(say) }
  } catch (error) {
    if (error instanceof Skipped) {
      say(`skipped: ${error.message}`)
      return { ...row, skipped: `skipped: ${error.message}` }
    }
    console.error(error)
    process.exitCode = 1
    return { ...row, skipped: 'failed' }
  }
}

function seconds(): string {
  return ((performance.now() - startMs) / 1000).toFixed(0).padStart(4)
}

function writeInto(file: string, markdown: string): void {
  const page = readFileSync(file, 'utf8')
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${file} has no '${BEGIN}' and '${END}'`)
  writeFileSync(file, `${page.slice(0, begin + BEGIN.length)}\n\n${markdown}\n\n${page.slice(end)}`)
}

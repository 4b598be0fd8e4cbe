import { readFileSync, writeFileSync } from 'node:fs'
import { breakEven, costTables, readInputs } from './docs/cost-model.ts'
import { section } from './docs/markdown.ts'
let page = readFileSync('docs/cost.md', 'utf8')
const input = readInputs(page)
for (const { heading, decimals, rows } of costTables(input, Number(process.argv[2] ?? 14))) {
  const old = section(page, heading)
  let text = old
  for (const [label, figures] of Object.entries(rows)) {
    const line = text.split('\n').find((l) => l.startsWith(`| ${label} |`))
    if (!line) throw new Error(`${heading}: ${label}`)
    let i = 0
    const rest = line.slice(label.length + 4)
    const next = rest.replace(/\d[\d,]*(\.\d+)?/g, (m) => i < figures.length ? figures[i++]!.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }) : m)
    text = text.replace(line, `| ${label} |${next}`)
  }
  page = page.replace(old, text)
}
console.log([1,10,100].map((s) => breakEven(input, s)))
writeFileSync('docs/cost.md', page)

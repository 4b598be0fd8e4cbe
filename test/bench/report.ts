import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import type { Line } from './line.ts'
import { median, quantile, type Samples } from './samples.ts'

interface RowReport {
  readonly number: number
  readonly title: string
  readonly lines?: readonly Line[]
  /** Why there are no lines. */
  readonly skipped?: string
}

export interface Report {
  readonly rows: readonly RowReport[]
  readonly markdown: string
  readonly json: object
}

/** The table for people, and everything that was measured for programs. */
export function reportOf(rows: readonly RowReport[], at: Date): Report {
  const where = `${at.toISOString().slice(0, 10)}, commit ${commit()}, Node ${process.versions.node}, ${machine()}`
  return { rows, markdown: `${tableOf(rows)}\n\nMeasured ${where}.`, json: { where, rows } }
}

function tableOf(rows: readonly RowReport[]): string {
  const head = ['| # | Work | Leveret | Beside | Ratio | Goal | |', '|---|---|---|---|---|---|---|']
  const body = rows.flatMap(({ number, title, lines, skipped }) =>
    lines ? lines.map((line) => lineOf(number, title, line)) : [`| ${number} | ${title} | ${skipped} | | | | |`],
  )
  return [...head, ...body].join('\n')
}

function lineOf(number: number, title: string, { work, unit, ours, beside, ratio, goal, isReached }: Line): string {
  const other = beside ? `${beside.name}: ${figure(beside.samples, unit)}` : ''
  const verdict = isReached === undefined ? '' : isReached ? 'yes' : '**no**'
  const cells = [number, `${title}: ${work}`, figure(ours, unit), other, ratio === undefined ? '' : `${short(ratio)}×`]
  return `| ${[...cells, goal, verdict].join(' | ')} |`
}

/** The median, and between which figures the middle half of them is. */
function figure(samples: Samples, unit: string): string {
  const [low, high] = [short(quantile(samples, 0.25)), short(quantile(samples, 0.75))]
  const spread = low === high ? '' : ` (${low}–${high})`
  return `${short(median(samples))}${spread} ${unit}`.trim()
}

/** Three digits are more than such figures are good for. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 1000) return Number(value.toPrecision(3)).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

const machine = (): string => `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown kind'}`

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

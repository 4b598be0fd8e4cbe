import { median, type Samples } from './samples.ts'

/** Figures as they are shown, with what they were made of. */
export interface Line {
  readonly work: string
  readonly unit: string
  readonly ours: Samples
  readonly beside?: { readonly name: string; readonly samples: Samples }
  /** How many times better Leveret is, or, of a cost that is to stay small, how many times the other one's; see `goal`. */
  readonly ratio?: number
  readonly goal: string
  /** Undefined where the line is there for comparison only. */
  readonly isReached?: boolean
}

interface Compared {
  readonly work: string
  readonly unit: string
  readonly ours: Samples
  readonly theirs: Samples
  /** What `theirs` are figures of. */
  readonly name: string
}

/** A line whose figures are better the larger they are, such as messages per second. */
export const faster = (compared: Compared, least?: number): Line =>
  ratioLine(compared, pairedRatio(compared.ours, compared.theirs), least)

/** A line whose figures are better the smaller they are, such as a time. */
export const shorter = (compared: Compared, least?: number): Line =>
  ratioLine(compared, pairedRatio(compared.theirs, compared.ours), least)

function ratioLine({ theirs, name, ...line }: Compared, ratio: number, least: number | undefined): Line {
  const beside = { name, samples: theirs }
  if (least === undefined) return { ...line, beside, ratio, goal: '' }
  return { ...line, beside, ratio, goal: `≥ ${least}×`, isReached: ratio >= least }
}

/** A line whose figure has a limit of its own. */
export function atMost(line: Pick<Line, 'work' | 'unit' | 'ours' | 'beside'>, most: number): Line {
  return { ...line, goal: `≤ ${most} ${line.unit}`.trim(), isReached: median(line.ours) <= most }
}

/** A line that says how many times as much as the other it takes, which is to be at most so many. */
export function timesAtMost({ theirs, name, ...line }: Compared, most: number): Line {
  const ratio = pairedRatio(line.ours, theirs)
  return { ...line, beside: { name, samples: theirs }, ratio, goal: `≤ ${most}×`, isReached: ratio <= most }
}

/** What was measured in the same round is compared, so that what slows both down is in neither. */
const pairedRatio = (above: Samples, below: Samples): number =>
  median(above.map((figure, round) => figure / (below[round] ?? Number.NaN)))

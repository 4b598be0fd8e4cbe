import { invalid } from '../model/errors.ts'
import type { Parameters } from './query-parameters.ts'

/** A history that a client asks for: that far back, in steps. */
export interface SampleRange {
  readonly ageS: number
  readonly incrementS: number
}

export type RangeName = 'lengths' | 'msg_rates' | 'data_rates' | 'node_stats'

const RANGE_NAMES: readonly RangeName[] = ['lengths', 'msg_rates', 'data_rates', 'node_stats']
const MAX_SAMPLES = 500

/** Throws `invalid` where a history is not asked for as it can be, whatever it is of (contract §1.1). */
export function assertSampleRanges(parameter: Parameters): void {
  for (const name of RANGE_NAMES) sampleRange(parameter, name)
}

/** Undefined where none is asked for. Throws `invalid`. */
export function sampleRange(parameter: Parameters, name: RangeName): SampleRange | undefined {
  const [age, increment] = [parameter(`${name}_age`), parameter(`${name}_incr`)]
  if (age === undefined && increment === undefined) return undefined
  if (!isPositive(age) || !isPositive(increment)) {
    throw invalid(`${name}_age and ${name}_incr must be given together, as whole numbers of seconds`)
  }
  if (Number(age) / Number(increment) > MAX_SAMPLES) {
    throw invalid(`Invalid range parameters: age ${age}, incr ${increment}`)
  }
  return { ageS: Number(age), incrementS: Number(increment) }
}

const isPositive = (text: string | undefined): boolean =>
  text !== undefined && /^\d{1,15}$/.test(text) && Number(text) > 0

/** The moments of a range, newest first, ms since 1970: whole multiples of its step, the first at or before the end. */
export function momentsOf({ ageS, incrementS }: SampleRange, endMs: number): number[] {
  const stepMs = incrementS * 1000
  const newestMs = Math.floor(endMs / stepMs) * stepMs
  return Array.from({ length: Math.floor(ageS / incrementS) + 1 }, (_, index) => newestMs - index * stepMs)
}

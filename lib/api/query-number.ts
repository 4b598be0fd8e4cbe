import { invalid } from '../model/errors.ts'
import type { ApiContext } from './env.ts'
import { queryParameter } from './path.ts'

/** A query parameter that is a whole number, or undefined where it is left out. Throws `invalid` outside of the bounds. */
export function wholeNumber(c: ApiContext, name: string, [least, most]: readonly [number, number]): number | undefined {
  const text = queryParameter(c, name)
  if (text === undefined) return undefined
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw invalid(`${name} is '${text.slice(0, 40)}', it must be a whole number from ${least} to ${most}`)
}

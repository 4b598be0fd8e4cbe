import { RE2JS } from 're2js'
import { invalid } from './errors.ts'

/** Contract §4.4: what a user's pattern may be long, so that compiling one costs little. */
export const MAX_PATTERN_LENGTH = 1024

/** How many repetitions a pattern may spell out (`x{3,200}` counts 200): each one is a state of the compiled engine. */
const MAX_REPETITIONS = 1000

/** A pattern that a user supplied, as RabbitMQ reads it: an unanchored search. */
export interface Pattern {
  test(text: string): boolean
}

const EVERYTHING: Pattern = { test: () => true }
/** The empty permission allows nothing; it matches only an empty name (contract §4.4). */
const EMPTY_ONLY: Pattern = { test: (text) => text === '' }

/**
 * Compiles a pattern for an engine whose time is linear in the text, whatever the pattern: users supply these.
 * RabbitMQ's dialect is PCRE; look-around and back-references have no linear form and are refused.
 * Throws `invalid` for what is no pattern, too long, or needs backtracking.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > MAX_PATTERN_LENGTH) throw invalid(`a pattern may have ${MAX_PATTERN_LENGTH} characters at most`)
  if (source === '.*' || source === '^.*') return EVERYTHING
  const compiled = compileLinear(source)
  return { test: (text) => compiled.test(text) }
}

/** A pattern that finds exactly this text. */
export const escapePattern = (text: string): string => RE2JS.quote(text)

/** As {@link compilePattern}, for permissions: there the empty pattern matches nothing but the empty name. */
export const compilePermission = (source: string): Pattern => (source === '' ? EMPTY_ONLY : compilePattern(source))

function compileLinear(source: string): RE2JS {
  if (repetitionsIn(source) > MAX_REPETITIONS)
    throw invalid(`a pattern may ask for ${MAX_REPETITIONS} repetitions at most`)
  try {
    return RE2JS.compile(source)
  } catch (error) {
    throw invalid(['invalid_regexp', source, error instanceof Error ? error.message : String(error)])
  }
}

function repetitionsIn(source: string): number {
  const counts = source.matchAll(/\{(\d+)(?:,(\d*))?\}/g)
  return counts.reduce((sum, [, least, most]) => sum + Math.max(Number(least), Number(most ?? 0)), 0)
}

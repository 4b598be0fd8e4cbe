import { compilePermission, type Pattern } from '../model/pattern.ts'

/** Far more than the permissions that the publishers of one environment use; an entry is a few kilobytes. */
const MAX_PATTERNS = 1000

const NOTHING: Pattern = { test: () => false }

/** In the order of insertion, so that the first is the oldest. */
const compiled = new Map<string, Pattern>()

/**
 * The compiled form of a permission's pattern, memoised: a publish looks it up and compiles nothing. A pattern that
 * cannot be compiled matches nothing (contract §4.4: an erring pattern denies).
 */
export function permissionPattern(source: string): Pattern {
  const known = compiled.get(source)
  if (known) return known
  const pattern = compileOrDeny(source)
  const oldest = compiled.size < MAX_PATTERNS ? undefined : compiled.keys().next().value
  if (oldest !== undefined) compiled.delete(oldest)
  compiled.set(source, pattern)
  return pattern
}

function compileOrDeny(source: string): Pattern {
  try {
    return compilePermission(source)
  } catch {
    return NOTHING
  }
}

import { UsageError } from './errors.ts'

const MAX_PORT = 65_535

/** Throws `UsageError` for what is no port. */
export function parsePort(option: string, text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port
  throw new UsageError(`--${option} takes a number from 0 to ${MAX_PORT}, not '${text}'`)
}

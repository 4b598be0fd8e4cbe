/**
 * Writes one line of JSON for what an operator must see. Nothing of a message, a password or a request body goes in:
 * callers pass identifiers and the error itself.
 *
 * It goes past `console`, whose lines Lambda wraps in JSON of its own: this one would become a text inside another
 * object. Lambda takes a line with `timestamp` and `level` as it is (Lambda Developer Guide, "JSON log format").
 */
export function logError(
  message: string,
  error: unknown,
  fields: Readonly<Record<string, string | number>> = {},
): void {
  const { name, message: reason, stack } = error instanceof Error ? error : notAnError(error)
  const timestamp = new Date().toISOString()
  const line = { timestamp, level: 'ERROR', message, error: name, reason, ...fields, stack }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}

const notAnError = (thrown: unknown) => ({ name: 'NotAnError', message: String(thrown), stack: undefined })

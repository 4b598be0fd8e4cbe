/**
 * Writes one line of JSON for what an operator must see. Nothing of a message, a password or a request body goes in:
 * callers pass identifiers and the error itself.
 */
export function logError(
  message: string,
  error: unknown,
  fields: Readonly<Record<string, string | number>> = {},
): void {
  const { name, stack } = error instanceof Error ? error : { name: 'NotAnError', stack: String(error) }
  console.error(JSON.stringify({ level: 'ERROR', message, error: name, stack, ...fields }))
}

/**
 * Why the embedded cloud could not start, in words for the person who started it: what is wrong, and what to do next.
 * The command line prints the message alone, without a stack.
 */
export class StartError extends Error {
  override readonly name = 'StartError'
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

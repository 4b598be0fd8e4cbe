import { StartError } from './start-error.ts'

/** Whether a port cannot be listened on because somebody else does. */
export const isTaken = (error: unknown): boolean => codeOf(error) === 'EADDRINUSE'

/** Why a port cannot be listened on, with what to do; `option` is that of the command line that chooses another. */
export function explainPort(error: unknown, port: number, option: string): unknown {
  if (isTaken(error)) {
    return new StartError(
      `port ${port} is taken, perhaps by RabbitMQ or by another Leveret. Stop that one, or choose another port with --${option}.`,
    )
  }
  if (codeOf(error) === 'EACCES') {
    return new StartError(`port ${port} may not be used by this user. Choose one above 1023 with --${option}.`)
  }
  return error
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

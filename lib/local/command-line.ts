import { parseArgs } from 'node:util'
import { messageOf } from './start-error.ts'

/** RabbitMQ's management port. */
export const DEFAULT_PORT = 15_672
const DEFAULT_DATA = '.leveret'
const MAX_PORT = 65_535

export const USAGE = `Leveret's embedded cloud: RabbitMQ's management API and SQS on this machine, nothing else needed.

Usage: npm start -- [options]

  --port N     listen on 127.0.0.1:N (default ${DEFAULT_PORT}; 0 takes a free port)
  --data DIR   keep everything in DIR (default ${DEFAULT_DATA})
  --help       print this

Environment:
  AWS_ENDPOINT_URL  embed nothing: use DynamoDB and SQS at this address (LocalStack, for one)
  DYNOXIDE_BIN      the dynoxide program to use for DynamoDB
`

export type CommandLine =
  | { readonly action: 'help' }
  | { readonly action: 'start'; readonly port: number; readonly dataDir: string }

/** What was typed is not a command line of ours; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { help, port, data } = parseOptions(args)
  if (help) return { action: 'help' }
  if (data === '') throw new UsageError('--data takes a directory')
  return { action: 'start', port: parsePort(port), dataDir: data }
}

function parseOptions(args: readonly string[]): { help: boolean; port: string; data: string } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        port: { type: 'string', default: String(DEFAULT_PORT) },
        data: { type: 'string', default: DEFAULT_DATA },
      },
    }).values
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port
  throw new UsageError(`--port takes a number from 0 to ${MAX_PORT}, not '${text}'`)
}

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AwsLogger, type Config, ENV } from '../../lib/config.ts'
import { type Access, accessesOf } from './iam-actions.ts'

/** What a function did, in the words of IAM. */
export interface RecordedAccess extends Access {
  readonly function: string
}

/** What the tests of one file made the functions do. */
export interface Recording {
  /** From the project's root. */
  readonly testFile: string
  /** Whether every test of the file ran, and passed. */
  readonly isWhole: boolean
  /** The functions' environment, as far as it names what they use. */
  readonly environment: Readonly<Record<string, string>>
  readonly accesses: readonly RecordedAccess[]
}

/** The directory that recordings are written to; where there is none, nothing is recorded. */
export const recordingsDirectory = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined => env.LEVERET_RECORDINGS || undefined

const accesses = new Map<string, RecordedAccess>()
let environment: Record<string, string> = {}

/** A configuration with which every AWS call is recorded as this function's. */
export function recorded(config: Config, functionName: string): Config {
  environment = environmentOf(config)
  return { ...config, aws: { ...config.aws, logger: loggerFor(functionName) } }
}

/** The SDK tells its logger of each call when it has been answered, or has failed; all else is of no interest. */
function loggerFor(functionName: string): AwsLogger {
  const note = (told: unknown): void => {
    const { clientName, commandName, input, error } = Object(told) as {
      clientName?: string
      commandName?: string
      input?: object
      error?: Error
    }
    if (clientName === undefined || commandName === undefined || input === undefined) return
    const [service, operation] = [clientName.replace(/Client$/, ''), commandName.replace(/Command$/, '')]
    for (const access of accessesOf({ service, operation, input, failure: error?.name })) {
      const entry = { function: functionName, ...access }
      accesses.set(Object.values(entry).join(' '), entry)
    }
  }
  const ignore = (): void => undefined
  return { trace: ignore, debug: ignore, info: note, warn: ignore, error: note }
}

/** As the stack would set it. */
const environmentOf = (config: Config): Record<string, string> =>
  Object.fromEntries(
    Object.entries(ENV).flatMap(([member, name]) => {
      const value: unknown = Object.entries(config).find(([key]) => key === member)?.[1]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )

/** Writes what has been recorded in this process, for the tests of one file. */
export function writeRecording(
  directory: string,
  { testFile, isWhole }: Pick<Recording, 'testFile' | 'isWhole'>,
): void {
  const recording: Recording = { testFile, isWhole, environment, accesses: [...accesses.values()] }
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `${testFile.replaceAll('/', '+')}.json`), JSON.stringify(recording))
}

/** None where nothing was written. */
export function readRecordings(directory: string): Recording[] {
  mkdirSync(directory, { recursive: true })
  return readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Recording)
}

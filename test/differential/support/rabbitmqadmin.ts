import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Broker } from './broker.ts'

/** One command line of rabbitmqadmin, without what says which broker it goes to. */
export interface Command {
  readonly arguments: readonly string[]
  /** Payload for a `publish` that has none on its command line. */
  readonly input?: string
}

export interface Output {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Saves the rabbitmqadmin that a RabbitMQ serves, version 1 in Python, so that the script and the reference are of one
 * version. Resolves with its path in `directory`.
 */
export async function downloadRabbitmqadmin(reference: Broker, directory: string): Promise<string> {
  const response = await fetch(`${reference.origin}/cli/rabbitmqadmin`)
  if (!response.ok) throw new Error(`${reference.origin} serves no rabbitmqadmin: ${response.status}`)
  const script = join(directory, 'rabbitmqadmin')
  await writeFile(script, await response.text())
  return script
}

/** Runs one command of version 1 against one broker, in `directory`, as an administrator. */
export const runRabbitmqadmin = (
  script: string,
  directory: string,
  broker: Broker,
  command: Command,
): Promise<Output> => run('python3', [script, ...targetOf(broker), ...command.arguments], directory, command)

/** The same of version 2, a program; tables are in Markdown. */
export const runRabbitmqadmin2 = (
  program: string,
  directory: string,
  broker: Broker,
  command: Command,
): Promise<Output> =>
  run(program, [...targetOf(broker), '--table-style', 'markdown', ...command.arguments], directory, command)

/**
 * Where version 2 is, which no package of this project brings: what `RABBITMQADMIN2` names, else `rabbitmqadmin2` or a
 * `rabbitmqadmin` of that version on the path. Undefined where there is none.
 */
export function findRabbitmqadmin2(): string | undefined {
  const named = process.env.RABBITMQADMIN2
  const candidates = named ? [named] : ['rabbitmqadmin2', 'rabbitmqadmin']
  return candidates.find((program) => {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
    return /^rabbitmqadmin 2\./.test(stdout ?? '')
  })
}

function targetOf({ origin, administrator: { name, password } }: Broker): string[] {
  const { hostname, port } = new URL(origin)
  return ['-H', hostname, '-P', port, '-u', name, '-p', password]
}

async function run(program: string, args: readonly string[], directory: string, command: Command): Promise<Output> {
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...process.env, HOME: directory, PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1' },
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.end(command.input ?? '')
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return {
    exitCode: exitCode ?? -1,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  }
}

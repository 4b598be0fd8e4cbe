import { spawn } from 'node:child_process'
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

/** Runs one command against one broker, in `directory`, as an administrator. */
export async function runRabbitmqadmin(
  script: string,
  directory: string,
  broker: Broker,
  command: Command,
): Promise<Output> {
  const { hostname, port } = new URL(broker.origin)
  const { name, password } = broker.administrator
  const target = ['-H', hostname, '-P', port, '-u', name, '-p', password]
  const child = spawn('python3', [script, ...target, ...command.arguments], {
    cwd: directory,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8', PYTHONUTF8: '1' },
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

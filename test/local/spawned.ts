import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished, vi } from 'vitest'

export interface Spawned {
  readonly pid: number
  output(): string
  /** What it has written to standard output alone. */
  printed(): string
  /** The first match in what it has written, to either stream; waits for it, 15 s if nothing else is said. */
  seen(pattern: RegExp, deadlineMs?: number): Promise<RegExpMatchArray>
  kill(signal: NodeJS.Signals): void
  /** The code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

const DEADLINE_MS = 15_000

type Environment = Readonly<Record<string, string | undefined>>

/** Runs Node with these arguments until the test ends. */
export const spawnNode = (args: readonly string[], env?: Environment): Spawned =>
  spawnProgram(process.execPath, args, env)

/** As {@link spawnNode}, for any program. */
export function spawnProgram(command: string, args: readonly string[], env: Environment = {}): Spawned {
  const child = spawn(command, args, {
    env: { ...process.env, AWS_ENDPOINT_URL: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    printed += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const find = (pattern: RegExp): RegExpMatchArray => {
    const match = output.match(pattern)
    if (match === null) throw new Error(`${pattern} is not in the output:\n${output}`)
    return match
  }
  return {
    pid: child.pid ?? -1,
    output: () => output,
    printed: () => printed,
    // What has ended will write no more.
    seen: (pattern, deadlineMs = DEADLINE_MS) =>
      Promise.race([
        vi.waitFor(() => find(pattern), { timeout: deadlineMs, interval: 5 }),
        ended.then(() => find(pattern)),
      ]),
    kill: (signal) => child.kill(signal),
    ended,
  }
}

/** Runs a module's text, which may import by URL. */
export const spawnModule = (source: string): Spawned => spawnNode(['--input-type=module', '--eval', source])

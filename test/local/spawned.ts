import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished, vi } from 'vitest'

export interface Spawned {
  readonly pid: number
  output(): string
  /** What it has written to standard output alone. */
  printed(): string
  /** The first match in what it has written, to either stream; waits for it. */
  seen(pattern: RegExp): Promise<RegExpMatchArray>
  kill(signal: NodeJS.Signals): void
  /** The code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

const DEADLINE_MS = 15_000

/** Runs Node with these arguments until the test ends. */
export function spawnNode(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Spawned {
  const child = spawn(process.execPath, args, {
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
    seen: (pattern) =>
      Promise.race([
        vi.waitFor(() => find(pattern), { timeout: DEADLINE_MS, interval: 5 }),
        ended.then(() => find(pattern)),
      ]),
    kill: (signal) => child.kill(signal),
    ended,
  }
}

/** Runs a module's text, which may import by URL. */
export const spawnModule = (source: string): Spawned => spawnNode(['--input-type=module', '--eval', source])

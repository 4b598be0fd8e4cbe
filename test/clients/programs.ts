import { join } from 'node:path'
import { expect } from 'vitest'
import { type Spawned, spawnProgram } from '../local/spawned.ts'
import { CLIENTS, isMade, PYTHON } from './toolchains.ts'

/** How the programs of a language are run. */
export interface Language {
  readonly name: string
  readonly isHere: boolean
  readonly command: (program: string) => readonly [string, ...string[]]
}

export const LANGUAGES: readonly Language[] = [
  {
    name: 'Python',
    isHere: isMade(PYTHON),
    command: (program) => [PYTHON.product, join(CLIENTS, 'python', `${program}.py`)],
  },
  {
    name: 'JavaScript',
    isHere: true,
    command: (program) => [process.execPath, join(CLIENTS, 'javascript', `${program}.ts`)],
  },
]

/** A client's program that runs until the test ends. Interpreters take their time on a machine with much to do. */
export interface Program extends Omit<Spawned, 'seen'> {
  seen(pattern: RegExp): Promise<RegExpMatchArray>
}

const DEADLINE_MS = 60_000

/** `amqpUrl` is undefined for programs that are to connect where they do by default. */
export function spawnClient(
  [command, ...fixed]: readonly [string, ...string[]],
  args: readonly string[],
  amqpUrl: string | undefined,
): Program {
  const spawned = spawnProgram(command, [...fixed, ...args], { AMQP_URL: amqpUrl })
  return { ...spawned, seen: (pattern) => spawned.seen(pattern, DEADLINE_MS) }
}

/** What it printed, once it has ended well. */
export async function output(program: Program): Promise<string> {
  expect(await program.ended, program.output()).toBe(0)
  return program.printed()
}

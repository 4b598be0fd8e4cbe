import { fileURLToPath } from 'node:url'
import { type Spawned, spawnNode } from '../local/spawned.ts'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))

/** `leveret …` until the test ends. */
export const spawnLeveret = (args: readonly string[], env?: Record<string, string>): Spawned =>
  spawnNode([MAIN, ...args], env)

/** As {@link spawnLeveret}, to its end. */
export async function runLeveret(args: readonly string[], env?: Record<string, string>) {
  const spawned = spawnLeveret(args, env)
  return { code: await spawned.ended, output: spawned.output(), printed: spawned.printed() }
}

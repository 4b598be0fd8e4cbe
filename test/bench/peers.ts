import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Skipped } from './row.ts'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('peers/', import.meta.url))

/**
 * A package to measure beside, from `peers/`, which is no part of the project's own dependencies: it is installed when it
 * is first asked for. Throws {@link Skipped} where that fails.
 */
export async function peer(name: string): Promise<unknown> {
  if (!existsSync(`${folder}node_modules/${name}`)) await install()
  return import(peerModule(name))
}

/** The module of a package of `peers/` that is installed, for `import` in another process. */
export const peerModule = (name: string): string =>
  import.meta.resolve(name, pathToFileURL(`${folder}package.json`).href)

async function install(): Promise<void> {
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder })
  } catch (error) {
    throw new Skipped(`npm ci in test/bench/peers failed: ${error instanceof Error ? error.message : error}`)
  }
}

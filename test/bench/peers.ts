import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Skipped } from './row.ts'

const run = promisify(execFile)
const folder = new URL('peers/', import.meta.url)

/** The packages of `peers/`, each with its entry. */
const ENTRIES = { qlobber: 'index.js', fauxqs: 'dist/app.js' } as const

/**
 * Where the module of a package to measure beside is. It is from `peers/`, which is no part of the project's own
 * dependencies, and is installed when it is first asked for. Throws {@link Skipped} where that fails.
 */
export async function peerModule(name: keyof typeof ENTRIES): Promise<string> {
  const module = new URL(`node_modules/${name}/${ENTRIES[name]}`, folder)
  if (!existsSync(module)) await install()
  return module.href
}

async function install(): Promise<void> {
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: fileURLToPath(folder) })
  } catch (error) {
    throw new Skipped(`npm ci in test/bench/peers failed: ${error instanceof Error ? error.message : error}`)
  }
}

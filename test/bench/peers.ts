import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
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
  return import(pathToFileURL(createRequire(`${folder}package.json`).resolve(name)).href)
}

/** Where a package of `peers/` has one of its programs. */
export async function peerProgram(name: string): Promise<string> {
  const program = `${folder}node_modules/.bin/${name}`
  if (!existsSync(program)) await install()
  return program
}

async function install(): Promise<void> {
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder })
  } catch (error) {
    throw new Skipped(`npm ci in test/bench/peers failed: ${error instanceof Error ? error.message : error}`)
  }
}

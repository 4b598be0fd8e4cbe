import { execFile } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CLIENTS, GO, isMade, JAVA, PYTHON, type Toolchain } from './toolchains.ts'

const run = promisify(execFile)

/**
 * Fetches the clients from the registries of their languages, once. Without a language its tests are skipped, which is
 * said here; in CI they are not.
 */
export default async function setUp(): Promise<void> {
  await make(PYTHON, async (home) => {
    await run('python3', ['-m', 'venv', home])
    await run(join(home, 'bin/pip'), ['install', '--quiet', '--requirement', join(CLIENTS, 'python/requirements.txt')])
  })
  await make(GO, async (home) => {
    await run('go', ['build', '-o', join(home, 'client'), '.'], { cwd: join(CLIENTS, 'go') })
  })
  await make(JAVA, async (home) => {
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${join(home, 'lib.part')}`]
    await run('mvn', ['--quiet', '--file', join(CLIENTS, 'java/pom.xml'), ...copy])
    await rename(join(home, 'lib.part'), join(home, 'lib'))
  })
}

/** What was made by halves is made anew. */
async function make(toolchain: Toolchain, build: (home: string) => Promise<void>): Promise<void> {
  const { name, command, home } = toolchain
  if (isMade(toolchain)) return
  await rm(home, { recursive: true, force: true })
  await mkdir(home, { recursive: true })
  try {
    await build(home)
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    if (process.env.CI || !isMissing(error)) throw error
    console.warn(`There is no ${command} here: clients in ${name} are not tried.`)
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

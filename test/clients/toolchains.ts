import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const CLIENTS = fileURLToPath(new URL('.', import.meta.url))
const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'leveret')

/** A language that clients are written in: what set-up.ts makes of the files that name them, once for each state of these. */
export interface Toolchain {
  readonly name: string
  /** What has to be installed. */
  readonly command: string
  /** A directory of its own. */
  readonly home: string
  /** There once it is made. */
  readonly product: string
}

/** The files are those that decide what is made. */
function toolchain(name: string, command: string, files: readonly string[], product: string): Toolchain {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(join(CLIENTS, name, file)))
  const home = join(CACHE, `clients-${name}-${hash.digest('hex').slice(0, 12)}`)
  return { name, command, home, product: join(home, product) }
}

export const PYTHON = toolchain('python', 'python3', ['requirements.txt'], 'bin/python')
export const GO = toolchain('go', 'go', ['go.mod', 'go.sum', 'main.go'], 'client')
export const JAVA = toolchain('java', 'mvn', ['pom.xml'], 'lib')

export const isMade = ({ product }: Toolchain): boolean => existsSync(product)

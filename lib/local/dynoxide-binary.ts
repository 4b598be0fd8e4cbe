import { accessSync, constants, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { StartError } from './start-error.ts'

const PROGRAM = process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide'
const PLATFORM_PACKAGE = `@dynoxide/${process.platform}-${process.arch}`

export interface DynoxideSearch {
  /** What DYNOXIDE_BIN says: if it is set, nothing else is looked at. */
  readonly dynoxideBin?: string | undefined
  /** What PATH says. */
  readonly searchPath?: string | undefined
}

/**
 * Where dynoxide is: DYNOXIDE_BIN, else the package for this platform, else PATH.
 * @throws StartError where it is not, with what to do about it
 */
export function findDynoxide({ dynoxideBin, searchPath = '' }: DynoxideSearch): string {
  if (dynoxideBin) {
    if (isExecutable(dynoxideBin)) return dynoxideBin
    throw new StartError(
      `DYNOXIDE_BIN is '${dynoxideBin}', which is not a program that can be run. Correct or unset it.`,
    )
  }
  const onPath = searchPath.split(delimiter).filter(Boolean)
  const candidates = [packaged(), ...onPath.map((directory) => join(directory, PROGRAM))]
  const found = candidates.find((candidate) => candidate !== undefined && isExecutable(candidate))
  if (found !== undefined) return found
  throw new StartError(
    [
      `dynoxide, which serves DynamoDB, was not found: not as the package ${PLATFORM_PACKAGE}, and not on PATH.`,
      '  On Linux x64 run `npm ci` again, without --omit=optional.',
      `  Elsewhere try \`npm install --no-save ${PLATFORM_PACKAGE}\`, or download dynoxide from`,
      '  https://github.com/nubo-db/dynoxide/releases and set DYNOXIDE_BIN to it.',
      '  Or set AWS_ENDPOINT_URL to a LocalStack that you run; then it is not needed.',
    ].join('\n'),
  )
}

function packaged(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${PLATFORM_PACKAGE}/package.json`)), PROGRAM)
  } catch {
    return undefined
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

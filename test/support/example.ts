import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A copy of an example as it is after `npm install`; nothing is downloaded. */
export interface Example {
  readonly directory: string
  remove(): void
}

export function installExample(name: string): Example {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'leveret-example-')))
  cpSync(join(root, 'docs/examples', name), directory, { recursive: true })
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >
  for (const [dependency, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    const place = join(directory, 'node_modules', dependency)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(version.startsWith('file:') ? root : join(root, 'node_modules', dependency), place)
  }
  writeFileSync(join(directory, 'package-lock.json'), '{}')
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}

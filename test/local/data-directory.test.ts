import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type DataDirectory, openDataDirectory } from '../../lib/local/data-directory.ts'
import { StartError } from '../../lib/local/start-error.ts'
import { spawnModule } from './spawned.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const MODULE = new URL('../../lib/local/data-directory.ts', import.meta.url).href

function open(path: string): DataDirectory {
  const directory = openDataDirectory(path)
  onTestFinished(() => directory.release())
  return directory
}

const holder = (path: string) =>
  spawnModule(`
    import { openDataDirectory } from '${MODULE}'
    globalThis.directory = openDataDirectory(${JSON.stringify(path)})
    console.log('held')
    setInterval(() => {}, 60_000)
  `)

describe('a data directory', () => {
  it('is made where it is missing, for its owner only', () => {
    const path = join(temporaryDirectory(), 'a', 'b')
    open(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  it('has a place for blobs', () => {
    const { blobsUrl, path } = open(temporaryDirectory())
    expect(blobsUrl).toMatch(/^file:\/\/\/.*\/blobs\/$/)
    expect(fileURLToPath(blobsUrl)).toBe(join(path, 'blobs/'))
    expect(existsSync(fileURLToPath(blobsUrl))).toBe(true)
  })

  it('is refused to a second holder in the same process', () => {
    const path = temporaryDirectory()
    open(path)
    expect(() => openDataDirectory(path)).toThrow(/in use by another process.*--data/)
  })

  it('is free again once released', () => {
    const path = temporaryDirectory()
    openDataDirectory(path).release()
    expect(open(path).path).toBe(path)
  })

  it('is refused while another process holds it, and free when that is killed', async () => {
    const path = temporaryDirectory()
    const other = holder(path)
    await other.seen(/held/)
    expect(() => openDataDirectory(path)).toThrow(StartError)
    other.kill('SIGKILL')
    expect(await other.ended).toBe('SIGKILL')
    expect(open(path).path).toBe(path)
  })

  it('cannot be a file', () => {
    const path = join(temporaryDirectory(), 'file')
    writeFileSync(path, '')
    expect(() => openDataDirectory(path)).toThrow(/cannot be used: .*--data/)
  })

  it('is not touched where its lock is something else', () => {
    const path = temporaryDirectory()
    writeFileSync(join(path, 'lock.sqlite'), 'this is not a database, however long it may be'.repeat(100))
    expect(() => openDataDirectory(path)).toThrow(StartError)
  })
})

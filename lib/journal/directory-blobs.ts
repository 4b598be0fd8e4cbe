import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Blobs } from './blobs.ts'

/** Blobs as files: a key's slashes are directories. */
export class DirectoryBlobs implements Blobs {
  readonly #root: string

  constructor(directory: URL) {
    this.#root = resolve(fileURLToPath(directory))
  }

  /** Written beside its place and renamed, so that a crash leaves the old object or the new one, never half of one. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.${randomUUID()}.tmp`
    try {
      await writeDurably(temporary, bytes)
      await rename(temporary, path)
      await syncDirectory(dirname(path))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#pathOf(key))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  #pathOf(key: string): string {
    const path = join(this.#root, key)
    if (key === '' || !path.startsWith(this.#root + sep)) throw new Error(`'${key}' is not a key of a blob`)
    return path
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is durable only once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR')

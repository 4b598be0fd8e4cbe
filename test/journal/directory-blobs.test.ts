import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBlobs } from '../../lib/journal/open-blobs.ts'
import { describeBlobs } from '../conformance/blobs.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'leveret-blobs-'))
})
afterAll(() => rm(directory, { recursive: true }))

const open = async () => openBlobs({ blobs: `${pathToFileURL(directory)}/`, aws: {} })

describeBlobs('blobs in a directory', open)

describe('a directory of blobs', () => {
  it('leaves nothing behind beside the object', async () => {
    const blobs = await open()
    await blobs.put('tidy/object', Buffer.from('x'))
    expect(await readdir(join(directory, 'tidy'))).toEqual(['object'])
  })

  it('leaves nothing behind when the object cannot be put', async () => {
    const blobs = await open()
    await blobs.put('taken/object/below', Buffer.from('x'))
    await expect(blobs.put('taken/object', Buffer.from('y'))).rejects.toThrow()
    expect(await readdir(join(directory, 'taken'))).toEqual(['object'])
  })

  it('refuses keys that lead out of it', async () => {
    const blobs = await open()
    await writeFile(join(directory, '..', 'leveret-outside'), 'secret')
    await expect(blobs.get('../leveret-outside')).rejects.toThrow(/not a key/)
    await expect(blobs.put('a/../../leveret-outside', Buffer.from('x'))).rejects.toThrow(/not a key/)
    await rm(join(directory, '..', 'leveret-outside'))
  })

  it('is opened by a URL whose kind is known', () => {
    expect(() => openBlobs({ blobs: 'http://somewhere', aws: {} })).toThrow(/s3:\/\/BUCKET or file:/)
  })
})

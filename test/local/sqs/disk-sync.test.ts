import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type DiskSync, FileSync, NO_SYNC } from '../../../lib/local/sqs/disk-sync.ts'

const directory = mkdtempSync(join(tmpdir(), 'leveret-sync-'))
afterAll(() => rmSync(directory, { recursive: true }))

let count = 0
function openFile(): FileSync {
  count += 1
  const file = join(directory, `file-${count}`)
  writeFileSync(file, 'x')
  return new FileSync(file)
}

const synced = (disk: DiskSync, waiting: number): Promise<Error | null> =>
  new Promise((resolve) => disk.request(waiting, resolve))

describe.each([
  ['of a file', openFile],
  ['of memory', () => NO_SYNC],
])('a sync %s', (_, open) => {
  test('calls everybody back, those who come during one as well', async () => {
    const disk = open()
    const all = [synced(disk, 1), synced(disk, 7), synced(disk, 1), synced(disk, 2)]
    expect(await Promise.all(all)).toEqual([null, null, null, null])
    expect(await synced(disk, 2)).toBe(null)
    disk.close()
  })
})

test('a single caller is served at once, unless another sync is under way', () => {
  const disk = openFile()
  const calls: string[] = []
  disk.request(1, () => calls.push('alone'))
  disk.request(2, () => calls.push('several'))
  disk.request(1, () => calls.push('behind'))
  expect(calls).toEqual(['alone'])
  disk.close()
})

test('a close during a sync calls back whoever waits, once', async () => {
  const disk = openFile()
  const calls: string[] = []
  disk.request(2, () => calls.push('under way'))
  disk.request(1, () => calls.push('waiting'))
  disk.close()
  expect(calls).toEqual(['under way', 'waiting'])
  // The thread comes back meanwhile.
  await synced(openFile(), 2)
  expect(calls).toEqual(['under way', 'waiting'])
})

test('a file that cannot be synced is an error of those who wait', async () => {
  const disk = new FileSync(join(directory, 'missing'))
  expect(await synced(disk, 1)).toMatchObject({ code: 'ENOENT' })
  expect(await synced(disk, 2)).toMatchObject({ code: 'ENOENT' })
  disk.close()
})

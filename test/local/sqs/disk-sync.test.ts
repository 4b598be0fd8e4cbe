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

const synced = (disk: DiskSync): Promise<Error | null> => new Promise((resolve) => disk.request(resolve))

describe.each([
  ['of a file', openFile],
  ['of memory', () => NO_SYNC],
])('a sync %s', (_, open) => {
  test('calls everybody back, those who come during one as well, and nobody at once', async () => {
    const disk = open()
    let isBack = false
    const first = synced(disk).finally(() => {
      isBack = true
    })
    expect(isBack).toBe(false)
    const others = [synced(disk), synced(disk)]
    expect(await Promise.all([first, ...others])).toEqual([null, null, null])
    expect(await synced(disk)).toBe(null)
    disk.close()
  })
})

test('a close during a sync calls back whoever waits, once', async () => {
  const disk = openFile()
  const calls: string[] = []
  disk.request(() => calls.push('under way'))
  disk.request(() => calls.push('waiting'))
  disk.close()
  expect(calls).toEqual(['under way', 'waiting'])
  // The thread comes back meanwhile.
  await synced(openFile())
  expect(calls).toEqual(['under way', 'waiting'])
})

test('a file that cannot be synced is an error of those who wait', async () => {
  const disk = new FileSync(join(directory, 'missing'))
  expect(await synced(disk)).toMatchObject({ code: 'ENOENT' })
  disk.close()
})

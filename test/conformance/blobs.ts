import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Blobs } from '../../lib/journal/blobs.ts'

/** What every {@link Blobs} must do. `open` may give one that others use too. */
export function describeBlobs(name: string, open: () => Promise<Blobs>): void {
  const uniqueKey = (): string => `conformance/${randomBytes(8).toString('hex')}/object.bin`

  describe(name, () => {
    it('gives back the bytes that were put', async () => {
      const blobs = await open()
      const bytes = randomBytes(100_000)
      const key = uniqueKey()
      await blobs.put(key, bytes)
      expect(Buffer.from((await blobs.get(key)) ?? []).equals(bytes)).toBe(true)
    })

    it('knows nothing of a key that was not put', async () => {
      expect(await (await open()).get(uniqueKey())).toBeUndefined()
    })

    it('keeps an object without bytes apart from a missing one', async () => {
      const blobs = await open()
      const key = uniqueKey()
      await blobs.put(key, new Uint8Array())
      expect((await blobs.get(key))?.byteLength).toBe(0)
    })

    it('takes the same object again', async () => {
      const blobs = await open()
      const key = uniqueKey()
      await Promise.all([1, 2, 3].map(() => blobs.put(key, Buffer.from('same'))))
      expect(Buffer.from((await blobs.get(key)) ?? []).toString()).toBe('same')
    })

    it('keeps keys apart whose names begin alike', async () => {
      const blobs = await open()
      const key = uniqueKey()
      await blobs.put(`${key}.1`, Buffer.from('one'))
      await blobs.put(`${key}.2`, Buffer.from('two'))
      expect(await blobs.get(key)).toBeUndefined()
      expect(Buffer.from((await blobs.get(`${key}.1`)) ?? []).toString()).toBe('one')
    })
  })
}

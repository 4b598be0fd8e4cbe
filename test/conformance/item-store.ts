import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ABSENT, type ItemStore } from '../../lib/delivery/item-store.ts'

/** What every {@link ItemStore} must do. `open` may give one that others use too. */
export function describeItemStore(name: string, open: () => Promise<ItemStore>): void {
  const newKey = () => ({ partition: `conformance-${randomBytes(8).toString('hex')}`, sort: 'item' })

  describe(name, () => {
    it('gives back what was put last', async () => {
      const store = await open()
      const key = newKey()
      await store.put({ ...key, data: 'first' })
      const revision = await store.put({ ...key, data: 'second', expiresAtS: 2_000_000_000 })
      expect(await store.get(key)).toEqual({ ...key, data: 'second', expiresAtS: 2_000_000_000, revision })
    })

    it('knows nothing of a key that was not put', async () => {
      expect(await (await open()).get(newKey())).toBeUndefined()
    })

    it('puts what must be absent once', async () => {
      const store = await open()
      const key = newKey()
      const revisions = await Promise.all(['a', 'b', 'c'].map((data) => store.put({ ...key, data }, ABSENT)))
      expect(revisions.filter((revision) => revision !== undefined)).toHaveLength(1)
    })

    it('puts over the revision that was read, and over no other', async () => {
      const store = await open()
      const key = newKey()
      const first = await store.put({ ...key, data: '1' })
      expect(await store.put({ ...key, data: '2' }, first)).toBeDefined()
      expect(await store.put({ ...key, data: '3' }, first)).toBeUndefined()
      expect((await store.get(key))?.data).toBe('2')
    })

    it('puts over no revision of an item that is gone', async () => {
      const store = await open()
      const key = newKey()
      const revision = await store.put({ ...key, data: '1' })
      await store.remove(key)
      expect(await store.put({ ...key, data: '2' }, revision)).toBeUndefined()
      expect(await store.get(key)).toBeUndefined()
    })

    it('removes the revision that was read, and no other', async () => {
      const store = await open()
      const key = newKey()
      const first = await store.put({ ...key, data: '1' })
      const second = await store.put({ ...key, data: '2' })
      expect(await store.remove(key, first)).toBe(false)
      expect(await store.remove(key, second)).toBe(true)
      expect(await store.get(key)).toBeUndefined()
    })

    it('removes what is not there', async () => {
      const store = await open()
      expect(await store.remove(newKey())).toBe(true)
      expect(await store.remove(newKey(), 'revision')).toBe(true)
    })

    it('lists a range of one partition in the order of its sort keys', async () => {
      const store = await open()
      const { partition } = newKey()
      for (const sort of ['3', '1', '5', '2', '4']) await store.put({ partition, sort, data: sort })
      await store.put({ partition: `${partition}-other`, sort: '3', data: 'other' })
      const sorts = async (range: Parameters<ItemStore['list']>[1]) =>
        (await store.list(partition, range)).map(({ sort }) => sort)
      expect(await sorts({ limit: 10 })).toEqual(['1', '2', '3', '4', '5'])
      expect(await sorts({ from: '2', to: '4', limit: 10 })).toEqual(['2', '3', '4'])
      expect(await sorts({ from: '2', limit: 2 })).toEqual(['2', '3'])
      expect(await sorts({ from: '4', to: '2', limit: 10 })).toEqual([])
      expect(await sorts({ from: '2', to: '4', limit: 2, newestFirst: true })).toEqual(['4', '3'])
      expect(await store.list(newKey().partition, { limit: 1 })).toEqual([])
    })
  })
}

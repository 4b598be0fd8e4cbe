import { describe, expect, it } from 'vitest'
import type {
  Head,
  JournalStore,
  JournalWrite,
  StoredEntry,
  StoredIntent,
  Transaction,
} from '../../lib/journal/store.ts'

const LEASE = { leaseMs: 1000, waitMs: 1000, sinceVersion: 1 }

const entryOf = (version: number, commitId = `commit ${version}`, eventsJson = '[]'): StoredEntry => ({
  version,
  format: 1,
  commitId,
  who: 'somebody',
  when: '2026-01-02T03:04:05.678Z',
  eventsJson,
})

/** A step of a journal from one version to the next; from 0 makes the journal. */
function step(
  journal: string,
  from: number,
  changes: Partial<JournalWrite['to']> & { entry?: StoredEntry } = {},
): JournalWrite {
  const { entry = entryOf(from + 1), ...head } = changes
  return {
    journal,
    from: from === 0 ? undefined : { version: from, epoch: 'first' },
    to: { version: from + 1, epoch: 'first', lease: LEASE, sealed: false, ...head },
    entry,
  }
}

const transaction = (writes: JournalWrite[], intents: Partial<Transaction> = {}): Transaction => ({
  writes,
  putIntents: [],
  takeIntents: [],
  ...intents,
})

const intentOf = (id: string, state = 'creating'): StoredIntent => ({
  id,
  state,
  createdMs: 1234,
  bodyJson: '{"queue":"q"}',
})

const REFUSED = { status: 'refused', intents: [] }
const COMMITTED = { status: 'committed' }

/** What every {@link JournalStore} must do. `open` gives an empty one, and `run` lets what it does happen. */
export function describeJournalStore(
  name: string,
  open: () => Promise<{ store: JournalStore; run: <T>(work: () => Promise<T>) => Promise<T> }>,
): void {
  const opened = async (work: (store: JournalStore) => Promise<void>): Promise<void> => {
    const { store, run } = await open()
    await run(() => work(store))
  }
  const headOf = async (store: JournalStore, journal: string): Promise<Head | undefined> =>
    (await store.readHeads([journal])).get(journal)

  /** Pages may be short; an empty one is the end. */
  const allEntries = async (
    store: JournalStore,
    journal: string,
    after: number,
    upTo: number,
  ): Promise<StoredEntry[]> => {
    const found: StoredEntry[] = []
    for (;;) {
      const page = await store.readEntries(journal, { after: found.at(-1)?.version ?? after, upTo })
      if (page.length === 0) return found
      found.push(...page)
    }
  }

  describe(`${name}: heads and entries`, () => {
    it('knows nothing of a journal that was not made', () =>
      opened(async (store) => {
        expect(await store.readHeads(['access', 'v1'])).toEqual(new Map())
        expect(await store.readEntries('v1', { after: 0, upTo: 10 })).toEqual([])
      }))

    it('gives back what a commit wrote', () =>
      opened(async (store) => {
        const entry = entryOf(1, 'c', JSON.stringify([{ type: 'declared', name: 'ä "q" \u0000 🐇' }]))
        expect(await store.commit(transaction([step('v1', 0, { entry })]))).toEqual(COMMITTED)
        const head = { version: 1, epoch: 'first', lease: LEASE, sealed: false, base: undefined }
        expect(await store.readHeads(['v1', 'v2'])).toEqual(new Map([['v1', head]]))
        expect(await allEntries(store, 'v1', 0, 1)).toEqual([entry])
      }))

    it('reads the heads of more journals than fit one call', () =>
      opened(async (store) => {
        const journals = Array.from({ length: 120 }, (_, i) => `v${i}`)
        for (let i = 0; i < journals.length; i += 40) {
          await store.commit(transaction(journals.slice(i, i + 40).map((journal) => step(journal, 0))))
        }
        expect([...(await store.readHeads(journals)).keys()].sort()).toEqual([...journals].sort())
      }))

    it('gives entries of a range, in order, a limited number where asked', () =>
      opened(async (store) => {
        for (let from = 0; from < 12; from += 1) await store.commit(transaction([step('v1', from)]))
        const versions = (entries: StoredEntry[]) => entries.map(({ version }) => version)
        expect(versions(await allEntries(store, 'v1', 3, 11))).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
        expect(versions(await store.readEntries('v1', { after: 11, upTo: 11 }))).toEqual([])
        const limited = versions(await store.readEntries('v1', { after: 2, upTo: 12, limit: 3 }))
        expect(limited.length).toBeGreaterThan(0)
        expect([3, 4, 5].slice(0, limited.length)).toEqual(limited)
      }))

    it('pages through more than one answer holds', () =>
      opened(async (store) => {
        const eventsJson = JSON.stringify('x'.repeat(250_000))
        for (let from = 0; from < 9; from += 1) {
          await store.commit(transaction([step('v1', from, { entry: entryOf(from + 1, `c${from}`, eventsJson) })]))
        }
        expect(await allEntries(store, 'v1', 0, 9)).toHaveLength(9)
      }))

    it('keeps journals apart', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0), step('v2', 0)]))
        await store.commit(transaction([step('v1', 1)]))
        expect((await headOf(store, 'v1'))?.version).toBe(2)
        expect((await headOf(store, 'v2'))?.version).toBe(1)
        expect(await allEntries(store, 'v2', 0, 9)).toHaveLength(1)
      }))
  })

  describe(`${name}: commits`, () => {
    it('refuses to make a journal twice', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        expect(await store.commit(transaction([step('v1', 0, { entry: entryOf(1, 'other') })]))).toEqual(REFUSED)
        expect(await allEntries(store, 'v1', 0, 1)).toEqual([entryOf(1)])
      }))

    it('refuses a commit that was decided on an older version', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        await store.commit(transaction([step('v1', 1)]))
        expect(await store.commit(transaction([step('v1', 1, { entry: entryOf(2, 'other') })]))).toEqual(REFUSED)
        expect(await store.commit(transaction([step('v1', 5)]))).toEqual(REFUSED)
        expect((await headOf(store, 'v1'))?.version).toBe(2)
      }))

    it('refuses a commit of another epoch', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        expect(await store.commit(transaction([step('v1', 1, { epoch: 'second' })]))).toEqual(COMMITTED)
        expect(await store.commit(transaction([step('v1', 2)]))).toEqual(REFUSED)
      }))

    it('refuses a commit to a sealed journal', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        await store.commit(transaction([step('v1', 1, { sealed: true })]))
        expect((await headOf(store, 'v1'))?.sealed).toBe(true)
        expect(await store.commit(transaction([step('v1', 2)]))).toEqual(REFUSED)
      }))

    it('changes the lease together with the version', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        const lease = { leaseMs: 0, waitMs: 1000, sinceVersion: 2 }
        await store.commit(transaction([step('v1', 1, { lease })]))
        expect((await headOf(store, 'v1'))?.lease).toEqual(lease)
      }))

    it('writes nothing where one of several journals has moved on', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0), step('v2', 0)]))
        await store.commit(transaction([step('v2', 1)]))
        const late = transaction([step('v1', 1), step('v2', 1), step('v3', 0)], { putIntents: [intentOf('i')] })
        expect(await store.commit(late)).toEqual(REFUSED)
        expect((await headOf(store, 'v1'))?.version).toBe(1)
        expect(await headOf(store, 'v3')).toBeUndefined()
        expect(await store.listIntents()).toEqual([])
      }))

    it('lets one of many simultaneous commits win', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        const attempts = Array.from({ length: 20 }, (_, i) =>
          store.commit(transaction([step('v1', 1, { entry: entryOf(2, `writer ${i}`) })])).catch(() => REFUSED),
        )
        const outcomes = await Promise.all(attempts)
        expect(outcomes.filter(({ status }) => status === 'committed')).toHaveLength(1)
        const winner = outcomes.findIndex(({ status }) => status === 'committed')
        expect((await allEntries(store, 'v1', 1, 2)).map(({ commitId }) => commitId)).toEqual([`writer ${winner}`])
      }))
  })

  describe(`${name}: bases`, () => {
    it('points the head at a base and leaves the rest of it', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        await store.setBase('v1', 'first', { epoch: 'first', version: 1 })
        await store.commit(transaction([step('v1', 1)]))
        expect(await headOf(store, 'v1')).toEqual({
          version: 2,
          epoch: 'first',
          lease: LEASE,
          sealed: false,
          base: { epoch: 'first', version: 1 },
        })
      }))

    it('never goes back to an older base, nor to one of another epoch', () =>
      opened(async (store) => {
        await store.commit(transaction([step('v1', 0)]))
        await store.setBase('v1', 'first', { epoch: 'first', version: 10 })
        await store.setBase('v1', 'first', { epoch: 'first', version: 9 })
        await store.setBase('v1', 'second', { epoch: 'second', version: 11 })
        expect((await headOf(store, 'v1'))?.base).toEqual({ epoch: 'first', version: 10 })
      }))
  })

  describe(`${name}: intents`, () => {
    it('keeps an intent until it is removed', () =>
      opened(async (store) => {
        await store.putIntent(intentOf('a'))
        await store.putIntent(intentOf('b', 'deleting'))
        expect(await store.listIntents()).toEqual([intentOf('a'), intentOf('b', 'deleting')])
        await store.removeIntent('a')
        await store.removeIntent('a')
        expect(await store.listIntents()).toEqual([intentOf('b', 'deleting')])
      }))

    it('puts no intent over another, whatever its state', () =>
      opened(async (store) => {
        await store.putIntent(intentOf('a'))
        await store.changeIntent('a', 'creating', 'abandoned')
        await store.putIntent(intentOf('a'))
        expect(await store.listIntents()).toEqual([intentOf('a', 'abandoned')])
      }))

    it('changes the state of an intent only from the one it is in', () =>
      opened(async (store) => {
        await store.putIntent(intentOf('a'))
        expect(await store.changeIntent('a', 'creating', 'abandoned')).toBe(true)
        expect(await store.changeIntent('a', 'creating', 'abandoned')).toBe(false)
        expect(await store.changeIntent('missing', 'creating', 'abandoned')).toBe(false)
        expect(await store.listIntents()).toEqual([intentOf('a', 'abandoned')])
      }))

    it('takes and puts intents together with a commit', () =>
      opened(async (store) => {
        await store.putIntent(intentOf('a'))
        const takeIntents = [{ id: 'a', state: 'creating' }]
        const swap = transaction([step('v1', 0)], { takeIntents, putIntents: [intentOf('b')] })
        expect(await store.commit(swap)).toEqual(COMMITTED)
        expect(await store.listIntents()).toEqual([intentOf('b')])
      }))

    it('refuses a commit whose intent was abandoned or is gone, and says which', () =>
      opened(async (store) => {
        await store.putIntent(intentOf('a'))
        await store.putIntent(intentOf('b'))
        await store.changeIntent('a', 'creating', 'abandoned')
        const takeIntents = ['a', 'b', 'c'].map((id) => ({ id, state: 'creating' }))
        const late = transaction([step('v1', 0)], { takeIntents })
        expect(await store.commit(late)).toEqual({ status: 'refused', intents: ['a', 'c'] })
        expect(await headOf(store, 'v1')).toBeUndefined()
        expect(await store.listIntents()).toHaveLength(2)
      }))
  })
}

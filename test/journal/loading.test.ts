import { describe, expect, it } from 'vitest'
import type { StateMachine } from '../../lib/journal/machine.ts'
import type { JournalStore } from '../../lib/journal/store.ts'
import { rejectionOf, type SimEnvironment, SimScene, VHOST } from '../support/sim-environment.ts'
import { type WordEvent, type Words, wordMachine } from '../support/sim-machine.ts'

/** A store that does not show some entries yet. */
const hiding = (store: JournalStore, versions: () => readonly number[]): JournalStore => ({
  readHeads: (journals) => store.readHeads(journals),
  readEntries: async (journal, range) => {
    const entries = await store.readEntries(journal, range)
    return entries.filter(({ version }) => journal !== VHOST || !versions().includes(version))
  },
  commit: (transaction) => store.commit(transaction),
  setBase: (journal, epoch, base) => store.setBase(journal, epoch, base),
  putIntent: (intent) => store.putIntent(intent),
  changeIntent: (id, from, to) => store.changeIntent(id, from, to),
  removeIntent: (id) => store.removeIntent(id),
  listIntents: () => store.listIntents(),
})

describe('loading', () => {
  it('begins at the last base', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const policy = { basePolicy: { entryCount: 10, sizeBytes: 1e6 } }
      const writer = await scene.openWithVhost(0, policy)
      for (let i = 0; i < 25; i += 1) {
        await writer.add(`w${i}`)
        await writer.journals.idle()
      }
      expect((await writer.store.readHeads([VHOST])).get(VHOST)?.base?.version).toBe(20)
      expect([...scene.objects.keys()]).toHaveLength(2)
      const reader = scene.open()
      expect(await reader.words()).toEqual(await writer.words())
    })
  })

  it.each([
    ['missing', () => undefined],
    ['cut short', (bytes: Uint8Array) => bytes.slice(0, 30)],
    ['not what it should be', () => Buffer.from('{}')],
  ])('replays every entry where the base is %s', async (_what, damage) => {
    const scene = new SimScene()
    await scene.play(async () => {
      const writer = await scene.openWithVhost(0, { basePolicy: { entryCount: 5, sizeBytes: 1e6 } })
      for (let i = 0; i < 12; i += 1) await writer.add(`w${i}`)
      await writer.journals.idle()
      for (const [key, bytes] of scene.objects) {
        const damaged = damage(bytes)
        if (damaged === undefined) scene.objects.delete(key)
        else scene.objects.set(key, damaged)
      }
      expect(await scene.open().words()).toEqual(await writer.words())
    })
  })

  it('refuses what a newer release wrote, and goes on with what it knows while its lease lasts', async () => {
    const newer: typeof wordMachine = { ...wordMachine, format: 2 }
    const scene = new SimScene()
    await scene.play(async () => {
      const old = await scene.openWithVhost(1000)
      await old.words({ confirm: true })
      const adding = scene.open({ vhostMachine: newer }).add('new')
      await old.process.sleep(100)
      expect((await rejectionOf(old.words({ confirm: true }))).kind).toBe('unavailable')
      expect(await old.words()).toEqual([])
      await adding
      expect((await rejectionOf(old.words())).kind).toBe('unavailable')
    })
  })

  it('applies no entry before the one ahead of it, in whatever order they can be seen', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const writer = await scene.openWithVhost(0)
      for (const word of ['a', 'b', 'c', 'd']) await writer.add(word)
      const { store } = scene.open()
      let hidden = [3, 4]
      const reader = scene.open({ store: hiding(store, () => hidden) })
      scene.world.after(200, () => {
        hidden = [4]
      })
      scene.world.after(400, () => {
        hidden = []
      })
      expect(await reader.words()).toEqual(['a', 'b', 'c', 'd'])
      expect(scene.world.nowMs).toBeGreaterThan(400)
    })
  })

  it('is given up after 3 s where an entry is missing', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const writer = await scene.openWithVhost(0)
      for (const word of ['a', 'b', 'c']) await writer.add(word)
      const { store } = scene.open()
      const reader = scene.open({ store: hiding(store, () => [3]) })
      expect((await rejectionOf(reader.words())).kind).toBe('unavailable')
    })
  })

  it('starts over from a state that an event could not be applied to', async () => {
    let isBroken = false
    const fragile: StateMachine<Words, WordEvent> = {
      ...wordMachine,
      apply(state, event) {
        wordMachine.apply(state, event)
        if (isBroken) throw new Error('broken')
      },
    }
    const scene = new SimScene()
    await scene.play(async () => {
      const writer = await scene.openWithVhost(0)
      const reader = scene.open({ vhostMachine: fragile })
      await reader.words()
      await writer.add('x')
      await writer.add('y')
      isBroken = true
      await expect(reader.words()).rejects.toThrow('broken')
      isBroken = false
      const digestOf = async ({ journals }: SimEnvironment) =>
        (await journals.view(journals.arrival(), { vhost: () => VHOST, confirm: true })).vhost?.digest
      expect(await digestOf(reader)).toBe(await digestOf(writer))
    })
  })
})

describe('time travel', () => {
  it('gives each version as it was, with and without a base before it', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { add, journals } = await scene.openWithVhost(0, { basePolicy: { entryCount: 4, sizeBytes: 1e6 } })
      for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) await add(word)
      await journals.idle()
      expect([...(await journals.stateAt(VHOST, 1)).words]).toEqual([])
      expect([...(await journals.stateAt(VHOST, 3)).words]).toEqual(['a', 'b'])
      expect([...(await journals.stateAt(VHOST, 7)).words]).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      expect([...(await journals.accessAt(1)).words]).toEqual([])
      expect([...(await journals.accessAt(2)).words]).toEqual([VHOST])
      expect((await rejectionOf(journals.stateAt(VHOST, 8))).kind).toBe('not-found')
    })
  })
})

describe('after the table was restored', () => {
  it('a cached state of the lost branch serves no more, though the versions meet again', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const survivor = await scene.openWithVhost(0)
      await survivor.add('kept')
      const restore = scene.database.backUp()
      await survivor.add('lost')
      await survivor.add('lost too')
      expect(await survivor.words()).toEqual(['kept', 'lost', 'lost too'])
      restore()
      expect(await survivor.words()).toEqual(['kept'])
      const fresh = scene.open()
      await fresh.journals.renewEpoch()
      await fresh.add('found')
      expect(await survivor.words()).toEqual(['kept', 'found'])
      await survivor.add('both')
      expect(await fresh.words()).toEqual(['kept', 'found', 'both'])
    })
  })

  it('the epoch alone tells, where as many versions were made since', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const survivor = await scene.openWithVhost(0)
      const restore = scene.database.backUp()
      for (const word of ['lost 1', 'lost 2', 'lost 3']) await survivor.add(word)
      restore()
      const fresh = scene.open()
      await fresh.journals.renewEpoch()
      for (const word of ['new 1', 'new 2', 'new 3']) await fresh.add(word)
      expect(await survivor.words()).toEqual(['new 1', 'new 2', 'new 3'])
    })
  })
})

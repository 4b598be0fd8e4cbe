import { describe, expect, it } from 'vitest'
import type { Decision } from '../../lib/journal/decision.ts'
import { EntryTooLargeError, eventsSizeBytes, MAX_ENTRY_BYTES } from '../../lib/journal/entry.ts'
import type { StateMachine } from '../../lib/journal/machine.ts'
import type { JournalStore } from '../../lib/journal/store.ts'
import { Typed } from '../../lib/model/amqp-value.ts'
import { notFound, preconditionFailed } from '../../lib/model/errors.ts'
import { rejectionOf, type SimEnvironment, SimScene, VHOST } from '../support/sim-environment.ts'
import { added, type WordEvent, type Words, wordMachine } from '../support/sim-machine.ts'
import { NO_FAULTS } from '../support/sim-store.ts'

/** A change of the vhost by `events`, with whatever else a test sets. */
const change = (
  { journals }: SimEnvironment,
  events: WordEvent[],
  write: { seal?: true } = {},
  intents: NonNullable<Decision<WordEvent, string>['intents']> = {},
) =>
  journals.transact({
    arrival: journals.arrival(),
    who: 'somebody',
    commitId: `${Math.random()}`,
    journals: () => [VHOST],
    decide: () => ({ writes: [{ journal: VHOST, events, ...write }], intents, result: 'done' }),
  })

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

describe('a change', () => {
  it('is in the audit trail with who made it and when', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { add, journals, process } = await scene.openWithVhost(0)
      await add('x')
      const entries = await journals.entries(VHOST, { after: 1 })
      expect(entries).toEqual([
        { version: 2, commitId: expect.any(String), who: 'somebody', when: expect.any(String), events: [added('x')] },
      ])
      expect(Math.abs(Date.parse(entries[0]?.when ?? '') - process.wallMs())).toBeLessThan(1000)
    })
  })

  it('is decided on confirmed states, leases or not', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const writer = await scene.openWithVhost(1000)
      const other = scene.open()
      await other.words({ confirm: true })
      await change(writer, [added('x')])
      expect(await other.words()).toEqual([])
      const { result } = await other.journals.transact({
        arrival: other.journals.arrival(),
        who: 'somebody',
        commitId: 'c',
        journals: () => [VHOST],
        decide: ({ vhosts }) => ({ writes: [], result: [...(vhosts.get(VHOST)?.words ?? [])] }),
      })
      expect(result).toEqual(['x'])
    })
  })

  it('that lost a race is decided again on what won it', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environments = [await scene.openWithVhost(0), scene.open(), scene.open()]
      const sizes = await Promise.all(
        environments.flatMap(({ journals }, i) =>
          [1, 2, 3].map(async (n) => {
            const { result } = await journals.transact({
              arrival: journals.arrival(),
              who: 'somebody',
              commitId: `${i}.${n}`,
              journals: () => [VHOST],
              decide: ({ vhosts }) => ({
                writes: [{ journal: VHOST, events: [added(`${i}.${n}`)] }],
                result: vhosts.get(VHOST)?.words.size ?? -1,
              }),
            })
            return result
          }),
        ),
      )
      expect(sizes.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    })
  })

  it('is refused with what decide throws', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { journals } = await scene.openWithVhost(0)
      const refusal = preconditionFailed('in use')
      const refused = journals.transact({
        arrival: journals.arrival(),
        who: 'somebody',
        commitId: 'c',
        journals: () => [VHOST],
        decide: () => {
          throw refusal
        },
      })
      expect(await rejectionOf(refused)).toBe(refusal)
    })
  })

  it('that finds nothing to change waits for leases before it says so, if it says not found', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { journals } = await scene.openWithVhost(1000)
      const other = scene.open()
      const refuse = async (error: Error) => {
        const beforeMs = scene.world.nowMs
        await rejectionOf(
          other.journals.transact({
            arrival: other.journals.arrival(),
            who: 'somebody',
            commitId: 'c',
            journals: () => [VHOST],
            decide: () => {
              throw error
            },
          }),
        )
        return scene.world.nowMs - beforeMs
      }
      expect(await refuse(preconditionFailed('in use'))).toBeLessThan(100)
      expect(await refuse(notFound())).toBeGreaterThan(800)
      expect(await refuse(notFound())).toBeLessThan(100)
      await journals.idle()
    })
  })

  it('that does not fit one entry is refused with its size, and nothing is written', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environment = await scene.openWithVhost(0)
      const fits = [added('x'.repeat(MAX_ENTRY_BYTES - eventsSizeBytes([added('')])))]
      expect(eventsSizeBytes(fits)).toBe(MAX_ENTRY_BYTES)
      await change(environment, fits)
      const tooLarge = change(environment, [added('é'), ...fits])
      await expect(tooLarge).rejects.toThrow(EntryTooLargeError)
      await expect(tooLarge).rejects.toThrow(`${eventsSizeBytes([added('é'), ...fits])} bytes`)
      expect(await environment.journals.entries(VHOST, { after: 2 })).toEqual([])
    })
  })

  it('of a sealed journal is refused as not found, and no view shows its vhost', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environment = await scene.openWithVhost(0)
      await change(environment, [added('last')], { seal: true })
      expect((await rejectionOf(change(environment, [added('late')]))).kind).toBe('not-found')
      const { journals } = environment
      expect((await journals.view(journals.arrival(), { vhost: () => VHOST })).vhost).toBeUndefined()
    })
  })

  it('whose answer is lost is made once', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environment = await scene.openWithVhost(0)
      await environment.words()
      const changing = change(environment, [added('x')])
      // The confirming read is answered within two hops; the commit's answer and the reads after it are lost for a while.
      scene.world.after(4, () => {
        scene.faults = { ...NO_FAULTS, unanswered: 1 }
      })
      scene.world.after(1200, () => {
        scene.faults = NO_FAULTS
      })
      expect((await changing).changed).toBe(true)
      expect(await environment.journals.entries(VHOST, { after: 1 })).toHaveLength(1)
    })
  })

  it('cannot be made where the broker is not set up', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      expect((await rejectionOf(change(scene.open(), [added('x')]))).kind).toBe('unavailable')
    })
  })
})

describe('intents', () => {
  const intent = { id: 'i1', state: 'creating', createdMs: 0, body: { at: new Typed('timestamp', 5) } } as const
  const taking = { take: [{ id: 'i1', state: 'creating' as const }] }

  it('are taken by the change that they were put for', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environment = await scene.openWithVhost(0)
      const { intents } = environment.journals
      await intents.put(intent)
      expect(await intents.olderThan(1000)).toEqual([intent])
      await change(environment, [added('x')], {}, taking)
      expect(await intents.olderThan(1000)).toEqual([])
      expect(await intents.abandon('i1')).toBe(false)
    })
  })

  it('that were abandoned refuse the change', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environment = await scene.openWithVhost(0)
      const { intents } = environment.journals
      await intents.put(intent)
      expect(await intents.abandon('i1')).toBe(true)
      expect((await rejectionOf(change(environment, [added('x')], {}, taking))).kind).toBe('unavailable')
      expect(await environment.words()).toEqual([])
    })
  })

  it('younger than asked for are not listed', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { journals, process } = await scene.openWithVhost(0)
      await journals.intents.put({ ...intent, createdMs: process.wallMs() })
      expect(await journals.intents.olderThan(600_000)).toEqual([])
      await process.sleep(600_001)
      expect(await journals.intents.olderThan(600_000)).toHaveLength(1)
    })
  })
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
      expect(await reader.words()).toEqual(['x', 'y'])
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

describe('setting up', () => {
  it('is done by one of many at once', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const environments = Array.from({ length: 5 }, () => scene.open())
      const outcomes = await Promise.all(
        environments.map(({ journals }, i) =>
          journals.bootstrap({ leaseMs: 0, commitId: `b${i}`, initialAccessEvents: () => [added(`admin${i}`)] }),
        ),
      )
      const winner = outcomes.findIndex(({ created }) => created)
      expect(outcomes.filter(({ created }) => created)).toHaveLength(1)
      const { journals } = scene.open()
      expect([...(await journals.view(journals.arrival())).access.words]).toEqual([`admin${winner}`])
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

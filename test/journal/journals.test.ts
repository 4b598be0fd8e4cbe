import { describe, expect, it } from 'vitest'
import type { Decision } from '../../lib/journal/decision.ts'
import { EntryTooLargeError, eventsSizeBytes, MAX_ENTRY_BYTES } from '../../lib/journal/entry.ts'
import { Typed } from '../../lib/model/amqp-value.ts'
import { notFound, preconditionFailed } from '../../lib/model/errors.ts'
import { rejectionOf, type SimEnvironment, SimScene, VHOST } from '../support/sim-environment.ts'
import { added, type WordEvent } from '../support/sim-machine.ts'
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

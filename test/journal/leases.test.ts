import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rejectionOf, SimScene } from '../support/sim-environment.ts'
import { NO_FAULTS } from '../support/sim-store.ts'

const LEASE_MS = 1000
const MARGIN_MS = 50

describe('inside a lease', () => {
  it('nothing is read before 70 % of it, and no request waits before all of it', async () => {
    const anyDelays = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(anyDelays, async (delaysMs) => {
        const scene = new SimScene()
        await scene.play(async () => {
          const { process, store, words } = await scene.openWithVhost(LEASE_MS)
          await words({ confirm: true })
          let confirmedMs = scene.world.nowMs
          for (const delayMs of delaysMs) {
            await process.sleep(delayMs)
            const ageMs = scene.world.nowMs - confirmedMs
            const [beforeMs, callsBefore] = [scene.world.nowMs, store.callCount]
            await words()
            // The confirming read began up to two hops before its answer.
            if (ageMs < LEASE_MS - 20) expect(scene.world.nowMs).toBe(beforeMs)
            if (ageMs < 0.7 * LEASE_MS - 20) expect(store.callCount).toBe(callsBefore)
            if (store.callCount > callsBefore) confirmedMs = beforeMs
          }
        })
      }),
      { numRuns: 100 },
    )
  })

  it('both heads are renewed by one read, which no request waits for', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { process, store, words, journals } = await scene.openWithVhost(LEASE_MS)
      await words({ confirm: true })
      await process.sleep(800)
      const [beforeMs, callsBefore] = [scene.world.nowMs, store.callCount]
      for (let i = 0; i < 5; i += 1) await words()
      expect(scene.world.nowMs).toBe(beforeMs)
      await journals.idle()
      expect(store.callCount).toBe(callsBefore + 1)
      await process.sleep(800 - 20)
      expect(store.callCount).toBe(callsBefore + 1)
    })
  })

  it('a wall clock that steps back ends it', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { process, store, words } = await scene.openWithVhost(LEASE_MS)
      await words({ confirm: true })
      process.stepWall(-500)
      const callsBefore = store.callCount
      await words()
      expect(store.callCount).toBe(callsBefore + 1)
    })
  })

  it('a frozen environment finds it over, though its own clock stood still', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { process, store, words } = await scene.openWithVhost(LEASE_MS)
      await words({ confirm: true })
      process.freeze(60_000)
      await process.sleep(1)
      const callsBefore = store.callCount
      await words()
      expect(store.callCount).toBe(callsBefore + 1)
    })
  })

  it('a version that was already decided on is read for', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const writer = await scene.openWithVhost(LEASE_MS)
      const reader = scene.open()
      await reader.words({ confirm: true })
      const { journals } = writer
      const { versions } = await journals.view(journals.arrival(), { vhost: () => 'v1' })
      const added = writer.add('x')
      await writer.process.sleep(50)
      expect(await reader.words()).toEqual([])
      const atLeast = { v1: (versions.v1 ?? 0) + 1 }
      const view = await reader.journals.view(reader.journals.arrival(), { vhost: () => 'v1', atLeast })
      expect([...(view.vhost?.words ?? [])]).toEqual(['x'])
      expect(view.versions.v1).toBe(atLeast.v1)
      await added
    })
  })
})

describe('without leases', () => {
  it('every request reads, requests that arrive together share one read', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { store, words } = await scene.openWithVhost(0)
      await words()
      const callsBefore = store.callCount
      await words()
      expect(store.callCount).toBe(callsBefore + 1)
      await Promise.all(Array.from({ length: 50 }, () => words()))
      expect(store.callCount).toBe(callsBefore + 2)
    })
  })

  it('requests that arrive during a read share the next', async () => {
    const scene = new SimScene()
    scene.faults = { ...NO_FAULTS, longestHopMs: 20 }
    await scene.play(async () => {
      const { process, store, words } = await scene.openWithVhost(0)
      await words()
      const callsBefore = store.callCount
      const first = words()
      await process.sleep(0)
      await Promise.all([first, ...Array.from({ length: 50 }, () => words())])
      expect(store.callCount).toBe(callsBefore + 2)
    })
  })

  it('a change waits for nobody', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { add } = await scene.openWithVhost(0)
      const beforeMs = scene.world.nowMs
      await add('x')
      expect(scene.world.nowMs - beforeMs).toBeLessThan(50)
    })
  })
})

describe('the lease wait', () => {
  it('lasts a lease and a margin from the commit on', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { add } = await scene.openWithVhost(LEASE_MS)
      const beforeMs = scene.world.nowMs
      await add('x')
      const tookMs = scene.world.nowMs - beforeMs
      expect(tookMs).toBeGreaterThanOrEqual(LEASE_MS + MARGIN_MS)
      expect(tookMs).toBeLessThan(LEASE_MS + MARGIN_MS + 60)
    })
  })

  it('is over at once for what has long been visible here', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { journals, process, words } = await scene.openWithVhost(LEASE_MS)
      await words()
      await process.sleep(LEASE_MS + MARGIN_MS)
      const { versions, changed } = await journals.transact({
        arrival: journals.arrival(),
        who: 'somebody',
        commitId: 'nothing',
        journals: () => ['v1'],
        decide: () => ({ writes: [{ journal: 'v1', events: [] }], result: undefined }),
      })
      expect(changed).toBe(false)
      expect(versions.map(({ journal }) => journal)).toEqual(['access', 'v1'])
      const beforeMs = scene.world.nowMs
      await journals.settled(versions)
      expect(scene.world.nowMs).toBe(beforeMs)
    })
  })

  it('is short again, and never cut short, when the wall clock steps back a year', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { process, add } = await scene.openWithVhost(LEASE_MS)
      const beforeMs = scene.world.nowMs
      scene.world.after(500, () => process.stepWall(-365 * 86_400_000))
      await add('x')
      const tookMs = scene.world.nowMs - beforeMs
      expect(tookMs).toBeGreaterThanOrEqual(LEASE_MS + MARGIN_MS)
      expect(tookMs).toBeLessThan(2 * (LEASE_MS + MARGIN_MS) + 60)
    })
  })
})

describe('a database that does not answer', () => {
  it('means 503 after 3 s once the lease is over, and the state serves until then', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { process, words } = await scene.openWithVhost(LEASE_MS)
      await words({ confirm: true })
      scene.faults = { ...NO_FAULTS, lost: 1 }
      expect(await words()).toEqual([])
      await process.sleep(LEASE_MS)
      const beforeMs = scene.world.nowMs
      expect((await rejectionOf(words())).kind).toBe('unavailable')
      expect(scene.world.nowMs - beforeMs).toBeGreaterThanOrEqual(3000)
      expect(scene.world.nowMs - beforeMs).toBeLessThan(5000)
      scene.faults = NO_FAULTS
      expect(await words()).toEqual([])
    })
  })
})

describe('changing the length of leases', () => {
  it('writers wait for the former length until its leases have run out', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { journals, process, add } = await scene.openWithVhost(LEASE_MS)
      const shortened = journals.bootstrap({ leaseMs: 100, commitId: 'b', initialAccessEvents: () => [] })
      await process.sleep(300)
      const duringMs = scene.world.nowMs
      await add('during')
      expect(scene.world.nowMs - duringMs).toBeGreaterThanOrEqual(LEASE_MS)
      expect(await shortened).toEqual({ created: false })
      const afterMs = scene.world.nowMs
      await add('after')
      expect(scene.world.nowMs - afterMs).toBeLessThan(300)
    })
  })

  it('reaches vhosts and those made later', async () => {
    const scene = new SimScene()
    await scene.play(async () => {
      const { journals, store } = await scene.openWithVhost(LEASE_MS)
      await journals.bootstrap({ leaseMs: 0, commitId: 'b', initialAccessEvents: () => [] })
      await journals.transact({
        arrival: journals.arrival(),
        who: 'somebody',
        commitId: 'c',
        journals: () => [],
        decide: () => ({ writes: [{ journal: 'v2', events: [], create: true }], result: undefined }),
      })
      for (const { lease } of (await store.readHeads(['access', 'v1', 'v2'])).values()) {
        expect(lease).toMatchObject({ leaseMs: 0, waitMs: 0 })
      }
    })
  })
})

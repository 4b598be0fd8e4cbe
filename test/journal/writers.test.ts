import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/journal/clock.ts'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { Journals } from '../../lib/journal/journals.ts'
import { openBlobs } from '../../lib/journal/open-blobs.ts'
import { type Dynoxide, startDynoxide } from '../support/dynoxide.ts'
import { added, wordMachine } from '../support/sim-machine.ts'

const WRITERS = 4
const COMMITS = 200

let dynoxide: Dynoxide
let directory: string
beforeAll(async () => {
  dynoxide = await startDynoxide()
  directory = await mkdtemp(join(tmpdir(), 'leveret-writers-'))
})
afterAll(async () => {
  await dynoxide.close()
  await rm(directory, { recursive: true })
})

/** Environments that share nothing but the table and the blobs. */
function openEnvironments(topologyTable: string) {
  return Array.from({ length: WRITERS }, () => {
    const store = openDynamoDbStore({ aws: dynoxide.aws, topologyTable })
    const journals = new Journals({
      store,
      blobs: openBlobs({ blobs: `${pathToFileURL(directory)}/${topologyTable}/`, aws: {} }),
      clock: systemClock,
      accessMachine: wordMachine,
      vhostMachine: wordMachine,
      vhostJournals: ({ words }) => [...words],
    })
    return { journals, close: () => store.close() }
  })
}

describe.each([0, 100])('writers on one journal of a real database, leases of %i ms', (leaseMs) => {
  it('lose no commit, make none twice and agree on the order', { timeout: 60_000 }, async () => {
    const environments = openEnvironments(await dynoxide.createTopologyTable())
    const [first] = environments
    await first?.journals.bootstrap({ leaseMs, commitId: 'b', initialAccessEvents: () => [] })
    await first?.journals.transact({
      arrival: first.journals.arrival(),
      who: 'somebody',
      commitId: 'v',
      journals: () => [],
      decide: () => ({
        writes: [
          { journal: 'access', events: [added('v1')] },
          { journal: 'v1', events: [], create: true },
        ],
        result: undefined,
      }),
    })

    const commit = async ({ journals }: { journals: (typeof environments)[0]['journals'] }, word: string) => {
      const { result, versions } = await journals.transact({
        arrival: journals.arrival(),
        who: 'somebody',
        commitId: word,
        journals: () => ['v1'],
        decide: ({ vhosts }) => ({
          writes: [{ journal: 'v1', events: [added(word)] }],
          result: vhosts.get('v1')?.words.size,
        }),
      })
      await journals.settled(versions)
      // Read-your-writes, on any environment: here the next one.
      const reader = environments[(result ?? 0) % WRITERS] ?? { journals }
      const view = await reader.journals.view(reader.journals.arrival(), { vhost: () => 'v1' })
      expect(view.vhost?.words.has(word)).toBe(true)
      return result
    }
    const sizes = await Promise.all(
      environments.flatMap((environment, writer) =>
        Array.from({ length: COMMITS / WRITERS }, (_, i) => commit(environment, `${writer}.${i}`)),
      ),
    )

    // Each commit was decided on a different number of words: they are one line.
    expect(sizes.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: COMMITS }, (_, i) => i))
    const states = await Promise.all(
      environments.map(async ({ journals }) => {
        const view = await journals.view(journals.arrival(), { vhost: () => 'v1', confirm: true })
        return { words: [...(view.vhost?.words ?? [])], digest: view.vhost?.digest, versions: view.versions }
      }),
    )
    expect(states[0]?.words).toHaveLength(COMMITS)
    expect(states[0]?.versions.v1).toBe(COMMITS + 1)
    for (const state of states) expect(state).toEqual(states[0])
    for (const { journals, close } of environments) {
      await journals.idle()
      close()
    }
  })
})

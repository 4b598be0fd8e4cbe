import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventsSizeBytes } from '../../../lib/journal/entry.ts'
import { cutIntoCommits, MAX_COMMIT_BYTES, MAX_QUEUES_PER_COMMIT } from '../../../lib/topology/definitions/commits.ts'
import type { VhostContents } from '../../../lib/topology/definitions/definitions.ts'
import { decideVhost } from '../../../lib/topology/vhost/decide.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import { declareQueue, newId, openVhost } from '../vhost/vhosts.ts'

const MAKER = { user: 'u'.repeat(255), mintId: () => newId().padEnd(26, '0') }
const NOTHING: VhostContents = { exchanges: [], policies: [], parameters: [], queues: [], bindings: [] }

/** Arguments of a size that matters, in characters that JSON writes longer than they are. */
const bulky = fc
  .tuple(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom('a', '\u0001', 'é', '"'))
  .map(([length, character]) => ({ bulk: character.repeat(length) }))

const queueNames = Array.from({ length: 40 }, (_, index) => `q${index}-${'n'.repeat(240)}`)

const contents = fc
  .record({
    exchangeArguments: fc.array(bulky, { maxLength: 20 }),
    queueArguments: fc.array(bulky, { minLength: 1, maxLength: 40 }),
    bindingArguments: fc.array(bulky, { maxLength: 40 }),
  })
  .map(
    ({ exchangeArguments, queueArguments, bindingArguments }): VhostContents => ({
      ...NOTHING,
      exchanges: exchangeArguments.map((args, index) => ({
        name: `x${index}`,
        exchangeType: 'fanout',
        durable: true,
        autoDelete: false,
        internal: false,
        arguments: args,
      })),
      queues: queueArguments.map((args, index) => ({
        name: queueNames[index] ?? '',
        durable: true,
        autoDelete: false,
        arguments: args,
      })),
      bindings: bindingArguments.map((args, index) => ({
        source: 'amq.fanout',
        destinationType: 'queue',
        destination: queueNames[index % queueArguments.length] ?? '',
        routingKey: `${index}`,
        arguments: args,
      })),
    }),
  )

describe('cutting an import into commits', () => {
  it('keeps every commit within its size and brings everything, each commit valid after the earlier ones', () => {
    fc.assert(
      fc.property(contents, (given) => {
        const state = openVhost()
        for (const commit of cutIntoCommits(given, MAKER)) {
          const items =
            commit.type === 'items'
              ? commit.command.items
              : commit.queues.map(({ name, ...queue }) =>
                  declareQueue(name, { ...queue, user: MAKER.user, sqsQueues: [{ name: 's'.repeat(80) }] }),
                )
          const events = decideVhost(state, { type: 'import', items })
          expect(eventsSizeBytes(events)).toBeLessThanOrEqual(MAX_COMMIT_BYTES)
          for (const event of events) vhostMachine.apply(state, event)
        }
        expect(state.queueCount).toBe(given.queues.length)
        expect(state.bindingCount).toBe(given.bindings.length)
        expect(state.exchangeCount).toBe(given.exchanges.length + openVhost().exchangeCount)
      }),
      { numRuns: 30 },
    )
  })

  it('puts no more queues into one than SQS makes in the time', () => {
    const queues = Array.from({ length: 2 * MAX_QUEUES_PER_COMMIT + 1 }, (_, index) => ({
      name: `q${index}`,
      durable: true,
      autoDelete: false,
      arguments: {},
    }))
    const commits = cutIntoCommits({ ...NOTHING, queues }, MAKER)
    expect(commits.map(({ count }) => count)).toEqual([MAX_QUEUES_PER_COMMIT, MAX_QUEUES_PER_COMMIT, 1])
  })

  it('fills commits rather than making many', () => {
    const binding = { source: 'x', destinationType: 'exchange', destination: 'y', arguments: {} } as const
    const bindings = Array.from({ length: 1000 }, (_, index) => ({ ...binding, routingKey: `${index}` }))
    expect(cutIntoCommits({ ...NOTHING, bindings }, MAKER).length).toBeLessThanOrEqual(3)
  })

  it('refuses an item that fits no commit', () => {
    const value = 'v'.repeat(MAX_COMMIT_BYTES)
    const parameters = [{ component: 'shovel', name: 'large', value }]
    expect(() => cutIntoCommits({ ...NOTHING, parameters }, MAKER)).toThrow(/an item is larger than a commit may be/)
  })
})

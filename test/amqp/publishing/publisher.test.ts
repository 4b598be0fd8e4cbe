import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Pending, Publisher, type PublishResult, type Storing } from '../../../lib/amqp/publishing/publisher.ts'

const pending = (text: string, bytes = 1): Pending => ({
  input: { exchange: '', routingKey: text, properties: {}, payload: new Uint8Array(bytes) },
  mandatory: false,
  sequence: undefined,
})

const keysOf = (batch: readonly Pending[]): string[] => batch.map(({ input }) => input.routingKey)

/** A publisher whose batches are stored when the test says so. */
function publisherOf({ mayBeFollowed = (_keys: readonly string[]): boolean => true } = {}) {
  const looks: number[] = []
  const begun: { readonly keys: string[]; settle: PromiseWithResolvers<readonly PublishResult[]> }[] = []
  const told: string[] = []
  const failures: unknown[] = []
  const held = { bytes: 0 }
  const publisher = new Publisher({
    open: async () => {
      looks.push(begun.length)
      return (batch): Storing => {
        const settle = Promise.withResolvers<readonly PublishResult[]>()
        begun.push({ keys: keysOf(batch), settle })
        return { mayBeFollowed: mayBeFollowed(keysOf(batch)), results: settle.promise }
      }
    },
    onResults: (batch, results) => told.push(...keysOf(batch).slice(0, results.length)),
    onFailure: (thrown) => failures.push(thrown),
    onHeldBytes: (change) => {
      held.bytes += change
    },
  })
  const store = (index: number): void => begun[index]?.settle.resolve(begun[index].keys.map(() => ({ routed: true })))
  return { publisher, looks, begun, told, failures, held, store }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index))

describe('the publisher of a channel', () => {
  test('tells of all in the order of publishing, in whichever order they are stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.infiniteStream(fc.nat(3)), async (count, choices) => {
        const { publisher, begun, told, held, store } = publisherOf()
        for (const text of numbers(count)) publisher.push(pending(text))
        const open = new Set<number>()
        let seen = 0
        while (told.length < count) {
          await turn()
          for (; seen < begun.length; seen += 1) open.add(seen)
          expect(open.size).toBeLessThanOrEqual(4)
          const some = [...open][(choices.next().value ?? 0) % Math.max(1, open.size)]
          if (some === undefined) continue
          open.delete(some)
          store(some)
        }
        expect(told).toEqual(numbers(count))
        for (const { keys } of begun) expect(keys.length).toBeLessThanOrEqual(10)
        await publisher.idle
        expect(held.bytes).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('waits for what may be overtaken before it goes on', async () => {
    const { publisher, begun, store } = publisherOf({ mayBeFollowed: (keys) => !keys.includes('3') })
    for (const text of numbers(25)) publisher.push(pending(text))
    await turn()
    expect(begun.length).toBe(1)
    store(0)
    await turn()
    expect(begun.length).toBe(3)
  })

  test('looks at the topology once for all that had come before', async () => {
    const { publisher, looks, store } = publisherOf()
    for (const text of numbers(20)) publisher.push(pending(text))
    await turn()
    publisher.push(pending('late'))
    store(0)
    store(1)
    await turn()
    expect(looks).toEqual([0, 2])
  })

  test('sends large messages alone', async () => {
    const { publisher, begun } = publisherOf()
    publisher.push(pending('a', 900_000))
    publisher.push(pending('b', 900_000))
    await turn()
    expect(begun.map(({ keys }) => keys)).toEqual([['a'], ['b']])
  })

  test('forgets what is not on its way when it is stopped, and says nothing any more', async () => {
    const { publisher, begun, told, held, store } = publisherOf({ mayBeFollowed: () => false })
    for (const text of numbers(15)) publisher.push(pending(text))
    await turn()
    publisher.stop()
    store(0)
    await publisher.idle
    expect([begun.length, told, held.bytes]).toEqual([1, [], 0])
  })

  test('says why a batch failed, and goes on with the next', async () => {
    const { publisher, begun, told, failures, store } = publisherOf({ mayBeFollowed: () => false })
    for (const text of numbers(12)) publisher.push(pending(text))
    await turn()
    begun[0]?.settle.reject(new Error('no SQS'))
    await turn()
    store(1)
    await publisher.idle
    expect([failures, told]).toEqual([[new Error('no SQS')], ['10', '11']])
  })
})

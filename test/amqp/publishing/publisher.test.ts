import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Pending, Publisher, type PublishResult } from '../../../lib/amqp/publishing/publisher.ts'

const pending = (text: string, bytes = 1): Pending => ({
  input: { exchange: '', routingKey: text, properties: {}, payload: new Uint8Array(bytes) },
  mandatory: false,
  sequence: undefined,
})

const keysOf = (batch: readonly Pending[]): string[] => batch.map(({ input }) => input.routingKey)

/** A publisher whose batches are stored when the test says so. */
function publisherOf() {
  const looks: number[] = []
  const begun: { readonly keys: string[]; settle: PromiseWithResolvers<readonly PublishResult[]> }[] = []
  const told: string[] = []
  const failures: unknown[] = []
  const held = { bytes: 0 }
  const publisher = new Publisher({
    open: async () => {
      looks.push(begun.length)
      return (batch) => {
        const settle = Promise.withResolvers<readonly PublishResult[]>()
        begun.push({ keys: keysOf(batch), settle })
        return settle.promise
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
  test('stores a batch of ten at most, one at a time and in the order of publishing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }), async (bursts) => {
        const { publisher, begun, told, held, store } = publisherOf()
        const all = numbers(bursts.reduce((sum, burst) => sum + burst, 0))
        let pushed = 0
        for (const burst of bursts) {
          for (const text of all.slice(pushed, pushed + burst)) publisher.push(pending(text))
          pushed += burst
          await turn()
        }
        for (let index = 0; told.length < all.length; index += 1) {
          expect(begun.length).toBe(index + 1)
          store(index)
          await turn()
        }
        expect(begun.flatMap(({ keys }) => keys)).toEqual(all)
        expect(told).toEqual(all)
        for (const { keys } of begun) expect(keys.length).toBeLessThanOrEqual(10)
        await publisher.idle
        expect(held.bytes).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('looks at the topology once for all that had come before', async () => {
    const { publisher, looks, store } = publisherOf()
    for (const text of numbers(20)) publisher.push(pending(text))
    await turn()
    publisher.push(pending('late'))
    store(0)
    await turn()
    store(1)
    await turn()
    expect(looks).toEqual([0, 2])
  })

  test('sends large messages alone', async () => {
    const { publisher, begun, store } = publisherOf()
    publisher.push(pending('a', 900_000))
    publisher.push(pending('b', 900_000))
    await turn()
    store(0)
    await turn()
    expect(begun.map(({ keys }) => keys)).toEqual([['a'], ['b']])
  })

  test('forgets what is not on its way when it is stopped, and says nothing any more', async () => {
    const { publisher, begun, told, held, store } = publisherOf()
    for (const text of numbers(15)) publisher.push(pending(text))
    await turn()
    publisher.stop()
    store(0)
    await publisher.idle
    expect([begun.length, told, held.bytes]).toEqual([1, [], 0])
  })

  test('says why a batch failed, and goes on with the next', async () => {
    const { publisher, begun, told, failures, store } = publisherOf()
    for (const text of numbers(12)) publisher.push(pending(text))
    await turn()
    begun[0]?.settle.reject(new Error('no SQS'))
    await turn()
    store(1)
    await publisher.idle
    expect([failures, told]).toEqual([[new Error('no SQS')], ['10', '11']])
  })
})

import { expect, vi } from 'vitest'
import { VISIBILITY_S } from '../../lib/amqp/consuming/visibility.ts'
import { openClient } from '../amqp/client.ts'
import type { ApiAnswer } from '../support/embedded.ts'
import { type Known, loadUntilGone, QUEUE } from './amqp-load.ts'

const LEAST_SETTLED = 100
const MOST_MORE_SETTLED = 150
/** The time that SQS hides what is delivered, and one for a machine with much to do. */
const EMPTY_AFTER_MS = 1000 * VISIBILITY_S + 30_000

/** Where a gateway is, and who goes on for it. */
export interface Gateway {
  readonly port: number
  /** Kills it with signal 9. */
  kill(): Promise<void>
}

export interface Next {
  readonly port: number
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>
}

/** At a moment that nothing in the gateway chose. */
export async function crash({ port, kill }: Gateway): Promise<Known> {
  const killAfter = LEAST_SETTLED + Math.floor(Math.random() * MOST_MORE_SETTLED)
  const enough = Promise.withResolvers<void>()
  let count = 0
  const loaded = loadUntilGone(port, () => {
    count += 1
    if (count === killAfter) enough.resolve()
  })
  await Promise.race([enough.promise, loaded])
  await kill()
  return loaded
}

/** Consumes until the queue is empty; what was held by consumers comes back once SQS hides it no longer. */
export async function takeAll({ port, call }: Next): Promise<Set<string>> {
  const got = new Set<string>()
  const channel = await (await openClient({ port })).openChannel()
  channel.watch(({ method, payload }) => {
    if (method.name !== 'basic.deliver') return
    got.add(String(payload))
    channel.send('basic.ack', { deliveryTag: method.deliveryTag })
  })
  await channel.call('basic.qos', { prefetchCount: 100 })
  await channel.call('basic.consume', { queue: QUEUE })
  const look = async () => expect((await call('GET', `/api/queues/%2F/${QUEUE}`)).body).toMatchObject({ messages: 0 })
  await vi.waitFor(look, { timeout: EMPTY_AFTER_MS, interval: 500 })
  return got
}

export function expectPromises({ confirmed, settled, asked }: Known, got: ReadonlySet<string>): void {
  expect(settled.size).toBeGreaterThanOrEqual(LEAST_SETTLED)
  expect([...settled].filter((payload) => got.has(payload))).toEqual([])
  expect([...confirmed].filter((payload) => !got.has(payload) && !asked.has(payload))).toEqual([])
  // Consumers held some when the gateway died.
  expect([...confirmed].filter((payload) => !asked.has(payload)).length).toBeGreaterThan(0)
}

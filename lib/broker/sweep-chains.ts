import { internalQueueName } from '../config.ts'
import { mapConcurrent } from '../delivery/concurrent.ts'
import { ABSENT } from '../delivery/item-store.ts'
import { QUEUE_RETENTION_S } from '../delivery/sqs-attributes.ts'
import {
  ENDED,
  encodeChain,
  encodeSweepItem,
  KEPT_LOOKS,
  parseSweepItem,
  type SweepChain,
  type SweepItem,
  sweepKey,
} from '../delivery/sweep-chain.ts'
import type { Broker } from './broker.ts'
import { MAX_SQS_DELAY_MS } from './schedule.ts'

/** A look that is so much later than wanted will do: SQS counts in seconds. */
const GRAIN_MS = 1000
const ARM_CONCURRENCY = 16

/** What an environment knows of the next look of each queue, so that most publishes need not ask. */
const known = new WeakMap<Broker, Map<string, number>>()
/** Beyond this an environment forgets the one that it learned first. */
const MAX_KNOWN = 10_000

/** Makes sure that queues are looked through once copies in them have expired. Throws where that cannot be made sure. */
export async function armSweeps(broker: Broker, wanted: readonly SweepChain[]): Promise<void> {
  const nowMs = broker.clock.wallMs()
  const unknown = wanted.filter(({ queueId, nextLookMs }) => !isKnown(broker, queueId, nextLookMs, nowMs))
  await mapConcurrent(unknown, ARM_CONCURRENCY, (chain) => armSweep(broker, chain))
}

function isKnown(broker: Broker, queueId: string, atMs: number, nowMs: number): boolean {
  const nextLookMs = known.get(broker)?.get(queueId)
  return nextLookMs !== undefined && nextLookMs > nowMs && nextLookMs <= atMs + GRAIN_MS
}

function remember(broker: Broker, queueId: string, nextLookMs: number): void {
  const looks = known.get(broker) ?? new Map<string, number>()
  known.set(broker, looks)
  looks.delete(queueId)
  looks.set(queueId, nextLookMs)
  const [oldest] = looks.keys()
  if (looks.size > MAX_KNOWN && oldest !== undefined) looks.delete(oldest)
}

/**
 * Lowers the moment of the next look to that of `chain`, unless it is earlier already. The message that brings the look
 * about is sent first, and every such message does when it comes: who once knew of a look may rely on it.
 */
export async function armSweep(broker: Broker, chain: SweepChain): Promise<void> {
  const { items } = broker.delivery
  for (;;) {
    const item = await items.get(sweepKey(chain.queueId))
    const { nextLookMs: current = ENDED, lookedAtMs = [] } = item ? parseSweepItem(item.data) : {}
    const nowMs = broker.clock.wallMs()
    if (current > nowMs && current <= chain.nextLookMs + GRAIN_MS) {
      remember(broker, chain.queueId, current)
      return
    }
    await sendLook(broker, chain)
    if ((await items.put(itemOf({ ...chain, lookedAtMs }), item?.revision ?? ABSENT)) !== undefined) {
      remember(broker, chain.queueId, chain.nextLookMs)
      return
    }
  }
}

const itemOf = (state: SweepItem) => ({ ...sweepKey(state.queueId), data: encodeSweepItem(state) })

/**
 * Notes that a queue is about to be looked through: SQS counts that as a receive of each copy that is there, which is no
 * delivery.
 */
export async function noteLook({ clock, delivery }: Broker, chain: SweepChain): Promise<void> {
  for (;;) {
    const item = await delivery.items.get(sweepKey(chain.queueId))
    const state = item ? parseSweepItem(item.data) : { ...chain, lookedAtMs: [] }
    const lookedAtMs = [...state.lookedAtMs, clock.wallMs()].slice(-KEPT_LOOKS)
    const revision = await delivery.items.put(itemOf({ ...state, lookedAtMs }), item?.revision ?? ABSENT)
    if (revision !== undefined) return
  }
}

/**
 * How often a queue was looked through since `sinceMs`, ms since 1970; Infinity where that is no longer known. It is never
 * less than it was: looks are noted before they begin.
 */
export async function looksSince({ delivery }: Broker, queueId: string, sinceMs: number): Promise<number> {
  const item = await delivery.items.get(sweepKey(queueId))
  const { lookedAtMs } = item ? parseSweepItem(item.data) : { lookedAtMs: [] }
  const count = lookedAtMs.filter((atMs) => atMs >= sinceMs - SKEW_MS).length
  return count < KEPT_LOOKS ? count : Number.POSITIVE_INFINITY
}

/** How far the clocks of SQS and of the functions may be apart. */
const SKEW_MS = 5000

/** Ends the looks at a queue, unless another is due. When it was looked through is kept for as long as a message may be that saw it. */
export async function endSweeps({ clock, delivery }: Broker, { queueId }: SweepChain): Promise<void> {
  const item = await delivery.items.get(sweepKey(queueId))
  const nowMs = clock.wallMs()
  if (!item) return
  const state = parseSweepItem(item.data)
  if (state.nextLookMs > nowMs) return
  const expiresAtS = Math.ceil(nowMs / 1000) + QUEUE_RETENTION_S
  await delivery.items.put({ ...itemOf({ ...state, nextLookMs: ENDED }), expiresAtS }, item.revision)
}

/** What lies further ahead than SQS can delay is sent on when the message comes. */
export async function sendLook({ config, clock, delivery }: Broker, chain: SweepChain): Promise<void> {
  const body = encodeChain(chain)
  const delayMs = Math.min(Math.max(0, chain.nextLookMs - clock.wallMs()), MAX_SQS_DELAY_MS)
  const [outcome] = await delivery.sender.send([
    {
      sqsQueueName: internalQueueName(config, 'sweep'),
      message: { body, sizeBytes: Buffer.byteLength(body) },
      delayS: Math.ceil(delayMs / 1000),
    },
  ])
  if (outcome?.status !== 'sent') throw new Error('a queue could not be marked for its expired messages')
}

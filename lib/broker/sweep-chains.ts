import { internalQueueName } from '../config.ts'
import { mapConcurrent } from '../delivery/concurrent.ts'
import { ABSENT } from '../delivery/item-store.ts'
import { encodeChain, parseChain, type SweepChain, sweepKey } from '../delivery/sweep-chain.ts'
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
    const current = item && parseChain(item.data).nextLookMs
    const nowMs = broker.clock.wallMs()
    if (current !== undefined && current > nowMs && current <= chain.nextLookMs + GRAIN_MS) {
      remember(broker, chain.queueId, current)
      return
    }
    await sendLook(broker, chain)
    const put = { ...sweepKey(chain.queueId), data: encodeChain(chain) }
    if ((await items.put(put, item?.revision ?? ABSENT)) !== undefined) {
      remember(broker, chain.queueId, chain.nextLookMs)
      return
    }
  }
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

import { ABSENT } from '../delivery/item-store.ts'
import { parseUse, type QueueUse, toUseItem, useGrainMs, useKey } from '../delivery/queue-use.ts'
import { unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import type { VhostContext } from './session.ts'

/** What this environment has written down, by queue id, so that most uses need no write. */
const noted = new WeakMap<Broker, Map<string, QueueUse>>()
/** Beyond this an environment forgets the one that it wrote first. */
const MAX_NOTED = 10_000

/**
 * Writes down that a queue is used which is deleted otherwise; to be called before it is. Nothing happens to other queues,
 * nor to those in the memory of a gateway, which knows itself.
 * Throws `unavailable` where the queue may be gone in a moment because nobody used it for so long.
 */
export async function noteUse({ broker, vhost }: VhostContext, queue: Queue): Promise<void> {
  const { expiresMs } = vhost.settingsOf(queue)
  if (expiresMs === undefined || queue.exclusive || isNoted(broker, queue.id, expiresMs)) return
  const { items } = broker.delivery
  for (;;) {
    const item = await items.get(useKey(queue.id))
    const nowMs = broker.clock.wallMs()
    const { closingUntilMs = 0 } = item ? parseUse(item.data) : {}
    if (closingUntilMs > nowMs) throw closing(queue)
    const use = { queueId: queue.id, expiresMs, usedMs: nowMs }
    if ((await items.put(toUseItem(use), item?.revision ?? ABSENT)) === undefined) continue
    remember(broker, use)
    return
  }
}

function isNoted(broker: Broker, queueId: string, expiresMs: number): boolean {
  const use = noted.get(broker)?.get(queueId)
  if (use?.expiresMs !== expiresMs) return false
  const elapsedMs = broker.clock.wallMs() - use.usedMs
  return elapsedMs >= 0 && elapsedMs < useGrainMs(expiresMs)
}

function remember(broker: Broker, use: QueueUse): void {
  const uses = noted.get(broker) ?? new Map<string, QueueUse>()
  noted.set(broker, uses)
  uses.delete(use.queueId)
  uses.set(use.queueId, use)
  const [oldest] = uses.keys()
  if (uses.size > MAX_NOTED && oldest !== undefined) uses.delete(oldest)
}

const closing = ({ name }: Queue) =>
  unavailable(`queue '${name}' was not used for as long as it expires after: it is being deleted`, { retryAfterS: 1 })

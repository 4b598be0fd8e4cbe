import { mapConcurrent } from '../delivery/concurrent.ts'
import type { QueueCounts } from '../delivery/queue-counts.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'

/** Never older than this, and than the counts that are shown. */
const MAX_AGE_MS = 1000
const COUNT_CONCURRENCY = 16
/** Beyond this an environment forgets the one that it learned first. */
const MAX_KNOWN = 10_000

interface Length {
  readonly readMs: number
  /** As SQS had it, and what was sent from here since. */
  ready: number
}

/** By queue id. */
type Lengths = Map<string, Length>

const known = new WeakMap<Broker, Lengths>()

/**
 * How many messages are ready in each of these queues, by queue id: about, as SQS counts, and as it was a second ago at
 * most. Queues that cannot be counted are left out. Whoever sends to a queue adds that to its length.
 */
export async function readyLengths(broker: Broker, queues: readonly Queue[]): Promise<ReadonlyMap<string, Length>> {
  const lengths = known.get(broker) ?? new Map<string, Length>()
  known.set(broker, lengths)
  const found = await mapConcurrent(queues, COUNT_CONCURRENCY, async (queue) => {
    const length = freshOf(broker, lengths.get(queue.id)) ?? (await read(broker, queue))
    if (length) remember(lengths, queue.id, length)
    return [queue.id, length] as const
  })
  return new Map(found.flatMap(([id, length]) => (length ? [[id, length]] : [])))
}

function freshOf({ clock, config }: Broker, length: Length | undefined): Length | undefined {
  const maxAgeMs = Math.min(MAX_AGE_MS, config.countsCacheMs)
  return length && clock.monotonicMs() - length.readMs < maxAgeMs ? length : undefined
}

async function read({ clock, delivery }: Broker, { sqsQueues }: Queue): Promise<Length | undefined> {
  const readMs = clock.monotonicMs()
  try {
    const counts = await Promise.all(sqsQueues.map(({ name }) => delivery.counter.countNow(name)))
    return { readMs, ready: counts.reduce((sum, count) => sum + readyOf(count), 0) }
  } catch {
    return undefined
  }
}

const readyOf = (counts: QueueCounts): number => (counts.state === 'running' ? counts.ready : 0)

function remember(lengths: Lengths, queueId: string, length: Length): void {
  lengths.delete(queueId)
  lengths.set(queueId, length)
  const [oldest] = lengths.keys()
  if (lengths.size > MAX_KNOWN && oldest !== undefined) lengths.delete(oldest)
}

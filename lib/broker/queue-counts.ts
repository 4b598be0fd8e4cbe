import type { QueueCounts as SqsCounts } from '../delivery/queue-counts.ts'
import type { Queue, SqsQueue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { readQueueSnapshots } from './gateway-snapshot.ts'
import type { Session } from './session.ts'

/** How many messages a queue holds, approximately. `down`: an SQS queue of it was deleted behind our back. */
export interface QueueCounts {
  readonly ready: number
  readonly unacknowledged: number
  readonly state: 'running' | 'down'
}

/**
 * The counts of these queues, by queue id: one SQS call for each that was not counted a moment ago. What is in the memory of
 * a gateway is as the gateway last said.
 */
export async function queueCounts(
  { broker }: Pick<Session, 'broker'>,
  queues: readonly Queue[],
): Promise<ReadonlyMap<string, QueueCounts>> {
  const gateways = queues.flatMap(({ exclusive }) => exclusive?.gateway ?? [])
  const inMemory = gateways.length === 0 ? undefined : await readQueueSnapshots(broker, gateways)
  const names = queues
    .filter(({ exclusive }) => !exclusive)
    .flatMap(({ sqsQueues }) => sqsQueues.map(({ name }) => name))
  const counts = await broker.delivery.counter.count(names)
  const countOf = new Map(names.map((name, index) => [name, counts[index]]))
  return new Map(
    queues.map(({ id, exclusive, sqsQueues }) => {
      if (!exclusive) return [id, sumOf(sqsQueues.map(({ name }) => countOf.get(name)))]
      const { ready, unacknowledged } = inMemory?.get(id) ?? { ready: 0, unacknowledged: 0 }
      return [id, { ready, unacknowledged, state: 'running' }]
    }),
  )
}

function sumOf(counts: readonly (SqsCounts | undefined)[]): QueueCounts {
  let [ready, unacknowledged, state]: [number, number, QueueCounts['state']] = [0, 0, 'running']
  for (const count of counts) {
    if (count?.state !== 'running') {
      state = 'down'
      continue
    }
    ready += count.ready
    unacknowledged += count.unacknowledged
  }
  return { ready, unacknowledged, state }
}

/** About how much is ready in SQS queues: a hint beside messages, which must not fail because it does. */
export async function countReady({ delivery }: Broker, sqsQueues: readonly SqsQueue[]): Promise<number> {
  const counts = await delivery.counter.count(sqsQueues.map(({ name }) => name)).catch(() => [])
  return sumOf(counts).ready
}

/** Where any SQS client finds what is behind a queue. */
export function sqsAddresses({ broker }: Session, { sqsQueues }: Queue): { urls: string[]; arns: string[] } {
  const { urlOf, arnOf } = broker.delivery.queues
  const names = sqsQueues.filter(({ inbox }) => !inbox).map(({ name }) => name)
  return { urls: names.map(urlOf), arns: names.map(arnOf) }
}

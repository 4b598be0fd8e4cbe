import type { Queue } from '../model/queue.ts'
import { retryDelayS } from '../topology/vhost/retry-backoff.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'

/** How long a message stays away that is put back after so many deliveries, s: 0 without a back-off. */
export function retryDelayOf({ clock }: Broker, vhost: VhostState, queue: Queue, deliveryCount: number): number {
  const { retryBackoff } = vhost.settingsOf(queue)
  return retryBackoff ? retryDelayS(retryBackoff, deliveryCount, clock.random()) : 0
}

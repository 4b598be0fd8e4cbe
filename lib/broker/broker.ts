import type { Config } from '../config.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { Clock } from '../journal/clock.ts'
import type { Journals } from '../journal/journals.ts'
import type { Counters } from '../metrics.ts'
import type { AccessEvent } from '../topology/access/events.ts'
import type { AccessState } from '../topology/access/state.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Statistics } from './statistics.ts'

/** The journals with what is in them. */
export type BrokerJournals = Journals<AccessState, AccessEvent, VhostState, VhostEvent>

/** What the use cases work with: made once per environment (open-broker.ts), shared by all requests. */
export interface Broker {
  readonly config: Config
  readonly clock: Clock
  readonly journals: BrokerJournals
  readonly delivery: Delivery
  /** What the use cases count, for the metrics of this environment. */
  readonly counters: Counters
  /** What doors and use cases count of messages, by vhost, exchange and queue, for who looks at these. */
  readonly statistics: Statistics
  close(): Promise<void>
}

import type { Config } from '../config.ts'
import { type Delivery, openDelivery } from '../delivery/delivery.ts'
import { openItemStore } from '../delivery/dynamodb-item-store.ts'
import type { SqsApi } from '../delivery/sqs-client.ts'
import type { Blobs } from '../journal/blobs.ts'
import { type Clock, systemClock } from '../journal/clock.ts'
import { openDynamoDbStore } from '../journal/dynamodb-store.ts'
import { Journals } from '../journal/journals.ts'
import { openBlobs } from '../journal/open-blobs.ts'
import type { JournalStore } from '../journal/store.ts'
import { type Counters, newCounters } from '../metrics.ts'
import { accessMachine } from '../topology/access/machine.ts'
import { vhostMachine } from '../topology/vhost/machine.ts'
import type { Broker } from './broker.ts'
import { Statistics } from './statistics.ts'

/**
 * The broker that a configuration describes. Nothing is read yet; clients connect when they are first used. `sqs`: what
 * answers in place of the SDK.
 */
export function openBroker(config: Config, sqs?: SqsApi): Broker {
  const blobs = openBlobs(config)
  const counters = newCounters()
  const store = openDynamoDbStore(config, counters)
  const delivery = openDelivery(config, blobs, systemClock, sqs, openItemStore(config, store.connections))
  const broker = createBroker({ config, clock: systemClock, store, blobs, delivery, counters })
  return {
    ...broker,
    async close() {
      await broker.close()
      store.close()
    },
  }
}

/** A broker made of parts that its caller opened, and closes but for the delivery. */
export function createBroker(parts: {
  readonly config: Config
  readonly clock: Clock
  readonly store: JournalStore
  readonly blobs: Blobs
  readonly delivery: Delivery
  readonly counters?: Counters
}): Broker {
  const { config, clock, store, blobs, delivery, counters = newCounters() } = parts
  const journals = new Journals({
    store,
    blobs,
    clock,
    accessMachine,
    vhostMachine,
    vhostJournals: (access) => Array.from(access.vhosts.values(), ({ id }) => id),
  })
  return {
    config,
    clock,
    journals,
    delivery,
    counters,
    statistics: new Statistics(clock),
    async close() {
      await journals.idle()
      delivery.close()
    },
  }
}

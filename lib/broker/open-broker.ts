import type { Config } from '../config.ts'
import { openDelivery } from '../delivery/delivery.ts'
import { openBlobs } from '../journal/blobs.ts'
import { systemClock } from '../journal/clock.ts'
import { openDynamoDbStore } from '../journal/dynamodb-store.ts'
import { Journals } from '../journal/journals.ts'
import { accessMachine } from '../topology/access/machine.ts'
import { vhostMachine } from '../topology/vhost/machine.ts'
import type { Broker } from './broker.ts'

/** The broker that a configuration describes. Nothing is read yet; clients connect when they are first used. */
export function openBroker(config: Config): Broker {
  const clock = systemClock
  const blobs = openBlobs(config)
  const store = openDynamoDbStore(config)
  const delivery = openDelivery(config, blobs, clock)
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
    async close() {
      await journals.idle()
      store.close()
      delivery.close()
    },
  }
}

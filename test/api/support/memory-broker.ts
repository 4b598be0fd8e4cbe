import { ensureBootstrapped } from '../../../lib/broker/bootstrap.ts'
import type { Broker } from '../../../lib/broker/broker.ts'
import { Statistics } from '../../../lib/broker/statistics.ts'
import { type Config, internalQueueName, internalQueues } from '../../../lib/config.ts'
import { openDelivery } from '../../../lib/delivery/delivery.ts'
import type { Blobs } from '../../../lib/journal/blobs.ts'
import { systemClock } from '../../../lib/journal/clock.ts'
import { Journals } from '../../../lib/journal/journals.ts'
import { newCounters } from '../../../lib/metrics.ts'
import { accessMachine } from '../../../lib/topology/access/machine.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import { MemoryItemStore } from '../../support/memory-item-store.ts'
import { engineSqs, QUEUE_URL_BASE } from './engine-sqs.ts'
import { MemoryStore } from './memory-store.ts'

const CONFIG: Config = {
  namePrefix: 'leveret-test',
  topologyTable: 'topology',
  messagesTable: 'messages',
  blobs: 'file:///unused/',
  sqsQueueUrlBase: QUEUE_URL_BASE,
  sqsQueueArnBase: 'arn:aws:sqs:us-east-1:000000000000:',
  leaseMs: 0,
  fullPollWaitS: 0,
  countsCacheMs: 0,
  statisticsLagMs: 0,
  auth: 'basic',
  aws: {},
}

/** A whole broker in memory, with nothing in it but vhost `/` and the administrator guest/guest. */
export async function openMemoryBroker(settings: Partial<Config> = {}): Promise<Broker> {
  const broker = openEmptyMemoryBroker(settings)
  for (const queue of internalQueues()) await broker.delivery.queues.create(internalQueueName(CONFIG, queue))
  await ensureBootstrapped(broker, { user: 'guest', password: 'guest' })
  return broker
}

/** One that nobody has set up yet. */
export function openEmptyMemoryBroker(settings: Partial<Config> = {}): Broker {
  const config = { ...CONFIG, ...settings }
  const blobs = memoryBlobs()
  const delivery = openDelivery(config, blobs, systemClock, engineSqs(), new MemoryItemStore())
  const journals = new Journals({
    store: new MemoryStore(),
    blobs,
    clock: systemClock,
    accessMachine,
    vhostMachine,
    vhostJournals: (access) => Array.from(access.vhosts.values(), ({ id }) => id),
    marginMs: 0,
  })
  return {
    config,
    clock: systemClock,
    journals,
    delivery,
    counters: newCounters(),
    statistics: new Statistics(systemClock),
    async close() {
      await journals.idle()
      delivery.close()
    },
  }
}

function memoryBlobs(): Blobs {
  const objects = new Map<string, Uint8Array>()
  return {
    put: async (key, bytes) => {
      objects.set(key, bytes)
    },
    get: async (key) => objects.get(key),
  }
}

import type { Item, ItemStore } from '../../lib/delivery/item-store.ts'
import type { Blobs } from '../../lib/journal/blobs.ts'
import type { MemoryItemStore } from '../support/memory-item-store.ts'
import { atOnce, type Effect, type Network } from './network.ts'

/** As dynamodb-item-store.ts makes them. */
const CALL = { attempts: 4, timeoutMs: 2000 }

/** One process's connection to the messages table. */
export function itemLink(items: MemoryItemStore, network: Network): ItemStore {
  return {
    get: (key) =>
      network.call(
        CALL,
        soon(() => items.get(key)),
      ),
    put: (item, ifRevision) => putOnce(items, network, item, ifRevision),
    remove: (key, ifRevision) =>
      network.call(
        CALL,
        soon(() => items.remove(key, ifRevision)),
      ),
    list: (partition, range) =>
      network.call(
        CALL,
        soon(() => items.list(partition, range)),
      ),
    close: () => undefined,
  }
}

/** All attempts of one put write one revision: one that finds its own there has succeeded. */
function putOnce(
  items: MemoryItemStore,
  network: Network,
  item: Item,
  ifRevision: string | undefined,
): Promise<string | undefined> {
  let written: string | undefined
  return network.call(CALL, (answer, refuse) => {
    const put = async () => {
      const revision = await items.put(item, ifRevision)
      written = revision ?? written
      const current = await items.get(item)
      return revision ?? (current?.revision === written ? written : undefined)
    }
    put().then(answer, refuse)
  })
}

/** One process's connection to the bucket, from which nothing is lost. */
export function blobLink(objects: Map<string, Uint8Array>, network: Network): Blobs {
  return {
    put: (key, bytes) =>
      network.call(
        CALL,
        atOnce(() => void objects.set(key, bytes)),
      ),
    get: (key) =>
      network.call(
        CALL,
        atOnce(() => objects.get(key)),
      ),
  }
}

const soon =
  <T>(act: () => Promise<T>): Effect<T> =>
  (answer, refuse) =>
    void act().then(answer, refuse)

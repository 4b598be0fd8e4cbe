import { internalQueueName } from '../config.ts'
import { MAX_INLINE_BYTES } from '../delivery/claim-checks.ts'
import { mapConcurrent } from '../delivery/concurrent.ts'
import { envelopeOf } from '../delivery/envelope.ts'
import { encodeRelayMessages, MAX_RELAY_INLINE_BYTES, type RelayMessage } from '../delivery/relay-message.ts'
import { logError } from '../log.ts'
import type { Queue } from '../model/queue.ts'
import { sqsQueueFor } from '../topology/vhost/priority-bands.ts'
import type { Broker } from './broker.ts'
import type { Publication } from './publication.ts'

/** What the relay is to finish: a publication and the standard queues that it has yet to reach. */
export interface Relayable {
  readonly publication: Publication
  readonly queues: readonly Queue[]
  /** When its copies expire, by queue. */
  readonly expiries: ReadonlyMap<Queue, number> | undefined
}

/** How many fan-outs of a batch are encoded and handed over at once. */
const RELAY_CONCURRENCY = 16

/** Hands fan-outs to the relay queue; answers for each whether it is durable there, whole. Never rejects. */
export async function sendToRelay(
  broker: Broker,
  vhostId: string,
  relayables: readonly Relayable[],
): Promise<readonly boolean[]> {
  return mapConcurrent(relayables, RELAY_CONCURRENCY, async (relayable) => {
    try {
      return await sendRelayMessage(broker, await relayMessageFor(broker, vhostId, relayable))
    } catch (error) {
      logError('a fan-out could not be handed to the relay', error)
      return false
    }
  })
}

async function relayMessageFor(
  { delivery }: Broker,
  vhostId: string,
  { publication, queues, expiries }: Relayable,
): Promise<RelayMessage> {
  const { publishId, hop, idleHops, returned, version } = publication
  const options = { vhostId, maxInlineBytes: MAX_RELAY_INLINE_BYTES, maxMetadataBytes: MAX_INLINE_BYTES }
  const { body, attribute } = await delivery.claimChecks.encode(envelopeOf(publication.message), options)
  const { priority } = publication.message.properties
  const targets = queues.map((queue) => {
    const expiresAtMs = expiries?.get(queue)
    const { name: sqsQueueName } = sqsQueueFor(queue, priority)
    return { queueId: queue.id, sqsQueueName, hop, expiresAtMs, idleHops, deliveries: returned?.deliveries }
  })
  return { publishId, vhostId, version, message: { body, attribute }, targets }
}

/** True once all of it is in the relay queue. */
export async function sendRelayMessage({ config, delivery }: Broker, relay: RelayMessage): Promise<boolean> {
  const sqsQueueName = internalQueueName(config, 'relay')
  const outcomes = await delivery.sender.send(encodeRelayMessages(relay).map((message) => ({ sqsQueueName, message })))
  return outcomes.every(({ status }) => status === 'sent')
}

import type { Envelope } from '../delivery/envelope.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import type { ReceiveOptions } from '../delivery/sqs-receiver.ts'
import { logError } from '../log.ts'
import type { BrokerError } from '../model/errors.ts'
import type { Message } from '../model/message.ts'
import type { Queue, SqsQueue } from '../model/queue.ts'
import { lookOrder } from '../topology/vhost/priority-bands.ts'
import { withoutExpired } from './expire.ts'
import type { VhostContext } from './session.ts'
import { settleHeld } from './settle-held.ts'
import type { HeldCopy } from './settlements.ts'
import type { DeliveryKind } from './statistics.ts'
import { viewVhost } from './view-vhost.ts'

/** A message that a consumer has in hand until it settles it. */
export interface QueueDelivery extends HeldCopy {
  readonly message: Message
  readonly redelivered: boolean
  /** 1 for the first delivery. */
  readonly deliveryCount: number
}

/** At most `max`, and ten in one call; waits for the first of them for `waitS`; they are hidden from others for `visibilityS`. */
export interface ReceiveRequest extends Pick<ReceiveOptions, 'max' | 'waitS' | 'visibilityS' | 'signal'> {
  /** As what the statistics count them. */
  readonly kind?: DeliveryKind
}

/** How long one look into all bands of a queue waits, and so how much later it may see a message than one queue would. */
const ROUND_S = 1

/**
 * Takes messages out of a queue for consumers, those of the highest priority first. Expired ones are taken out as well and
 * not answered; what cannot be read stays in the queue and is seen again when its visibility ends. Rejects where SQS fails, with
 * `MissingQueueError` where the SQS queue is gone.
 */
export async function receiveDeliveries(
  context: VhostContext,
  queue: Queue,
  request: ReceiveRequest,
): Promise<readonly QueueDelivery[]> {
  const { sqsQueues } = queue
  const [only] = sqsQueues
  if (only && sqsQueues.length === 1) return receiveFrom(context, queue, only, request)
  return receiveFromBands(context, queue, request)
}

async function receiveFromBands(
  context: VhostContext,
  queue: Queue,
  request: ReceiveRequest,
): Promise<readonly QueueDelivery[]> {
  const { clock } = context.broker
  const untilMs = clock.monotonicMs() + request.waitS * 1000
  const found: QueueDelivery[] = []
  for (const band of lookOrder(queue.sqsQueues, clock.random())) {
    const max = request.max - found.length
    if (max > 0)
      found.push(...(await unlessFound(found, receiveFrom(context, queue, band, { ...request, max, waitS: 0 }))))
  }
  while (found.length === 0 && clock.monotonicMs() < untilMs && !request.signal?.aborted) {
    found.push(...(await lookIntoAll(context, queue, request)))
  }
  return found
}

/** A failure counts only where nothing is at hand, which would be lost to everybody until its visibility ends. */
const unlessFound = (found: readonly unknown[], look: Promise<QueueDelivery[]>): Promise<QueueDelivery[]> =>
  look.catch((error: unknown) => {
    if (found.length === 0) throw error
    return []
  })

/** Looks into all bands at once, so that a message in any of them ends the wait within a round. */
async function lookIntoAll(
  context: VhostContext,
  queue: Queue,
  request: ReceiveRequest,
): Promise<readonly QueueDelivery[]> {
  const bands = queue.sqsQueues.toReversed()
  const max = Math.max(1, Math.floor(request.max / bands.length))
  const looks = await Promise.allSettled(
    bands.map((band) => receiveFrom(context, queue, band, { ...request, max, waitS: ROUND_S })),
  )
  const found = looks.flatMap((look) => (look.status === 'fulfilled' ? look.value : []))
  const failed = looks.find(({ status }) => status === 'rejected')
  if (found.length === 0 && failed?.status === 'rejected') throw failed.reason
  const tooMany = found.splice(request.max)
  if (tooMany.length > 0) await putBack(context, queue, tooMany)
  return found
}

async function receiveFrom(
  context: VhostContext,
  queue: Queue,
  { name: sqsQueueName }: SqsQueue,
  request: ReceiveRequest,
): Promise<QueueDelivery[]> {
  const { broker } = context
  const receivedAtMs = broker.clock.wallMs()
  const received = await broker.delivery.receiver.receive(sqsQueueName, {
    ...request,
    queueName: queue.name,
    once: true,
  })
  const batch = { sqsQueueName, copies: received.copies }
  const { copies } = await withoutExpired(() => renew(context), broker.clock.wallMs(), queue, batch)
  const opened = await Promise.all(copies.map((copy) => open(context, sqsQueueName, receivedAtMs, copy)))
  const deliveries = opened.filter((delivery) => delivery !== undefined)
  broker.counters.Delivered += deliveries.length
  const redelivered = deliveries.filter((delivery) => delivery.redelivered).length
  broker.statistics.delivered(context.vhost.id, queue.id, request.kind ?? 'deliver', deliveries.length, redelivered)
  return deliveries
}

/** What was declared while the message was waited for counts. */
const renew = async (context: VhostContext): Promise<VhostContext> =>
  (await viewVhost(context.broker, context.vhost.id)) ?? context

async function open(
  { broker, vhost }: VhostContext,
  sqsQueueName: string,
  receivedAtMs: number,
  { receiptHandle, receiveCount, identity, redelivered, message }: ReceivedCopy,
): Promise<QueueDelivery | undefined> {
  let envelope: Envelope
  try {
    envelope = await broker.delivery.claimChecks.open(message, vhost.id)
  } catch (error) {
    logError('a message whose payload cannot be read stays in its queue', error, { vhost: vhost.vhost })
    return undefined
  }
  return {
    sqsQueueName,
    receiptHandle,
    receivedAtMs,
    receiveCount,
    identity,
    open: () => Promise.resolve(envelope),
    message: envelope.message,
    redelivered,
    deliveryCount: receiveCount,
  }
}

const putBack = (context: VhostContext, queue: Queue, deliveries: readonly QueueDelivery[]): Promise<unknown> =>
  settleHeld(
    context,
    queue,
    deliveries.map((held) => ({ held, fate: { action: 'put-back', delayS: 0 } })),
  )

/** What a consumer says of a delivery. */
export interface DeliverySettlement {
  readonly delivery: QueueDelivery
  /**
   * `discard`: for a consumer that acknowledges nothing; `requeue`: back to the queue, after its back-off; `release`: back
   * at once, as when the consumer goes.
   */
  readonly action: 'ack' | 'discard' | 'requeue' | 'release' | 'reject'
}

const FATES = {
  ack: { action: 'delete' },
  discard: { action: 'discard' },
  requeue: { action: 'put-back' },
  release: { action: 'put-back', delayS: 0 },
  reject: { action: 'reject' },
} as const

/** Settles deliveries; answers for each, in their order, the error because of which it could not be settled. */
export async function settleDeliveries(
  context: VhostContext,
  queue: Queue,
  settlements: readonly DeliverySettlement[],
): Promise<readonly (BrokerError | undefined)[]> {
  const verdicts = settlements.map(({ delivery, action }) => ({ held: delivery, fate: FATES[action] }))
  const failures = await settleHeld(context, queue, verdicts)
  const settled = settlements.filter(({ action }, index) => action !== 'discard' && failures[index] === undefined)
  context.broker.counters.Settled += settled.length
  return failures
}

/** Keeps deliveries hidden from others for so long from now on; answers as {@link settleDeliveries} does. */
export const extendDeliveries = (
  context: VhostContext,
  queue: Queue,
  deliveries: readonly QueueDelivery[],
  visibilityS: number,
): Promise<readonly (BrokerError | undefined)[]> =>
  settleHeld(
    context,
    queue,
    deliveries.map((held) => ({ held, fate: { action: 'hide', visibilityS } })),
  )

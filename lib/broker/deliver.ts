import { type EncodeOptions, MAX_INLINE_BYTES } from '../delivery/claim-checks.ts'
import type { EncodedMessage } from '../delivery/envelope.ts'
import { envelopeOf } from '../delivery/envelope.ts'
import type { Copy, SendOutcome } from '../delivery/sqs-sender.ts'
import { BrokerError, unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import { copyFor, fifoGroupsOf } from './copies.ts'
import { armExpiries, type Expiries, expiriesOf } from './expiries.ts'
import { keepAll } from './history.ts'
import { countCopies, type Failures, type Publication, UNREACHABLE } from './publication.ts'
import { holdAll } from './schedule.ts'
import { type Relayable, sendToRelay } from './send-to-relay.ts'
import type { VhostContext } from './session.ts'

/** Above this many standard queues a publish leaves its fan-out to the relay, so that its latency stays flat (docs/architecture.md). */
const MAX_DIRECT_QUEUES = 50

/** A publication on its way, encoded once for all its queues. */
interface Consignment {
  readonly publication: Publication
  readonly encoded: EncodedMessage
  /** When its copies expire, by queue. */
  readonly expiries: ReadonlyMap<Queue, number> | undefined
}

/**
 * All or nothing for each publication (docs/architecture.md): where it does not fail, every copy is durable, in its SQS queue, in the
 * relay queue or among what exchanges hold. FIFO queues come first and are never relayed, so that a failure there leaves the standard ones untouched.
 * Answers in the order given; a failure says `unavailable` where a repetition may help, and then may make duplicates.
 */
export async function deliver(
  context: VhostContext,
  publications: readonly Publication[],
): Promise<readonly (BrokerError | undefined)[]> {
  const failures: Failures = new Map()
  const expiries = expiriesOf(context, publications)
  const consignments = await encodeAll(context, publications, expiries, failures)
  if (expiries.size > 0) await armAll(context, expiries, failures)
  if (failures.size > 0) failThoseBehind(publications, failures)
  await holdAll(context, withoutFailedPublications(publications, failures), failures)
  await keepAll(context, withoutFailedPublications(publications, failures), failures)
  if (failures.size > 0) failThoseBehind(publications, failures)
  await sendToFifoQueues(context, withoutFailed(consignments, failures), failures)
  await sendToStandardQueues(context, withoutFailed(consignments, failures), failures)
  for (const publication of publications) if (!failures.has(publication)) countCopies(context, publication)
  return publications.map((publication) => failures.get(publication))
}

const withoutFailedPublications = (publications: readonly Publication[], failures: Failures): readonly Publication[] =>
  failures.size === 0 ? publications : publications.filter((publication) => !failures.has(publication))

const withoutFailed = (consignments: readonly Consignment[], failures: Failures): Consignment[] =>
  consignments.filter(({ publication }) => !failures.has(publication))

async function encodeAll(
  { broker, vhost }: VhostContext,
  publications: readonly Publication[],
  expiries: Expiries,
  failures: Failures,
): Promise<Consignment[]> {
  const encodings = publications.map(async (publication): Promise<Consignment[]> => {
    if (publication.queues.length === 0) return []
    try {
      const encoded = await broker.delivery.claimChecks.encode(
        envelopeOf(publication.message),
        encodeOptions(vhost.id, publication),
      )
      return [{ publication, encoded, expiries: expiries.get(publication) }]
    } catch (error) {
      failures.set(publication, error instanceof BrokerError ? error : unavailable(UNREACHABLE, { cause: error }))
      return []
    }
  })
  return (await Promise.all(encodings)).flat()
}

/** Nobody would look for copies that expire in a queue that is not marked first, so they are not sent then. */
async function armAll(context: VhostContext, expiries: Expiries, failures: Failures): Promise<void> {
  try {
    await armExpiries(context, expiries)
  } catch (error) {
    for (const publication of expiries.keys()) {
      failures.set(publication, unavailable(UNREACHABLE, { cause: error }))
    }
  }
}

/** Order in a FIFO group holds through failures: what comes behind a message that was not sent is not sent either. */
export function failThoseBehind(publications: readonly Publication[], failures: Failures): void {
  if (failures.size === 0) return
  const blocked = new Set<string>()
  for (const publication of publications) {
    const groups = fifoGroupsOf(publication)
    if (!failures.has(publication) && groups.some((group) => blocked.has(group))) {
      failures.set(publication, unavailable('an earlier message of the same group was not stored: publish both again'))
    }
    if (failures.has(publication)) for (const group of groups) blocked.add(group)
  }
}

/** What was accepted once is not refused later, when `x-death` has made it longer. */
const encodeOptions = (vhostId: string, { hop }: Publication): EncodeOptions =>
  hop === 0 ? { vhostId } : { vhostId, maxMetadataBytes: MAX_INLINE_BYTES }

async function sendToFifoQueues(
  context: VhostContext,
  consignments: readonly Consignment[],
  failures: Failures,
): Promise<void> {
  const sends = consignments.flatMap((consignment) =>
    consignment.publication.queues.filter(isFifo).map((queue) => ({ consignment, queue })),
  )
  if (sends.length === 0) return
  const outcomes = await send(context, sends)
  for (const [index, { consignment, queue }] of sends.entries()) {
    const outcome = outcomes[index]
    if (outcome?.status !== 'sent') failures.set(consignment.publication, failureOf(queue, outcome))
  }
}

async function sendToStandardQueues(
  context: VhostContext,
  consignments: readonly Consignment[],
  failures: Failures,
): Promise<void> {
  const relayables: Relayable[] = []
  const sends: { consignment: Consignment; queue: Queue }[] = []
  for (const consignment of consignments) {
    const queues = consignment.publication.queues.filter((queue) => !isFifo(queue))
    if (queues.length > MAX_DIRECT_QUEUES) relayables.push({ ...consignment, queues })
    else for (const queue of queues) sends.push({ consignment, queue })
  }
  const outcomes = await send(context, sends)
  const undelivered = new Map<Consignment, Queue[]>()
  for (const [index, { consignment, queue }] of sends.entries()) {
    const outcome = outcomes[index]
    if (outcome?.status === 'sent' || isOwnerGone(queue, outcome)) continue
    if (outcome?.status === 'failed' && outcome.retriable) add(undelivered, consignment, queue)
    else failures.set(consignment.publication, failureOf(queue, outcome))
  }
  for (const [consignment, queues] of undelivered) {
    if (!failures.has(consignment.publication)) relayables.push({ ...consignment, queues })
  }
  await relayAll(context, relayables, failures)
}

async function relayAll(context: VhostContext, relayables: readonly Relayable[], failures: Failures): Promise<void> {
  if (relayables.length === 0) return
  const accepted = await sendToRelay(context.broker, context.vhost.id, relayables)
  for (const [index, { publication }] of relayables.entries()) {
    if (!accepted[index]) failures.set(publication, unavailable(UNREACHABLE))
  }
}

/** What goes to the queue of a connection whose gateway is gone goes with it: that is nobody's failure. */
const isOwnerGone = ({ exclusive }: Queue, outcome: SendOutcome | undefined): boolean =>
  exclusive !== undefined && outcome?.status === 'missing-queue'

const isFifo = (queue: Queue): boolean => queue.fifo !== undefined

function add(undelivered: Map<Consignment, Queue[]>, consignment: Consignment, queue: Queue): void {
  const queues = undelivered.get(consignment)
  if (queues) queues.push(queue)
  else undelivered.set(consignment, [queue])
}

async function send(
  { broker }: VhostContext,
  sends: readonly { consignment: Consignment; queue: Queue }[],
): Promise<readonly SendOutcome[]> {
  const copies: Copy[] = sends.map(({ consignment: { publication, encoded, expiries }, queue }) =>
    copyFor(queue, publication, encoded, expiries?.get(queue)),
  )
  const outcomes = await broker.delivery.sender.send(copies)
  for (const { status } of outcomes) if (status === 'sent') broker.counters.Copies += 1
  return outcomes
}

function failureOf(queue: Queue, outcome: SendOutcome | undefined): BrokerError {
  if (outcome?.status === 'missing-queue') {
    return unavailable(
      `queue '${queue.name}' has no SQS queue: it is being deleted, or its SQS queue was; then declare it again`,
    )
  }
  return unavailable(UNREACHABLE, { cause: outcome?.status === 'failed' ? outcome.error : undefined })
}

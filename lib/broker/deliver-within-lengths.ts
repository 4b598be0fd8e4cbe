import { envelopeOf } from '../delivery/envelope.ts'
import { BrokerError } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import type { DeadCopy } from './dead-copy.ts'
import { deadLetter } from './dead-letter.ts'
import { deliver } from './deliver.ts'
import type { Publication } from './publication.ts'
import { readyLengths } from './queue-lengths.ts'
import type { VhostContext } from './session.ts'

/** The queues that take no copy of a publication because they are full. */
type Refusals = ReadonlyMap<Publication, readonly Queue[]>

/**
 * As `deliver`, for what publishers send: a queue that is full and whose overflow is `reject-publish` or
 * `reject-publish-dlx` takes no copy. All others do, and the publisher is told in RabbitMQ's words (contract §1.3, §2.4).
 * What was accepted once, such as a dead letter, is delivered without it.
 */
export async function deliverWithinLengths(
  context: VhostContext,
  publications: readonly Publication[],
): Promise<readonly (BrokerError | undefined)[]> {
  const limited = limitedQueuesOf(context, publications)
  if (limited.length === 0) return deliver(context, publications)
  const refusals = await refuse(context, publications, limited)
  if (refusals.size === 0) return deliver(context, publications)
  const [failures, deaths] = await Promise.all([
    deliver(
      context,
      publications.map((publication) => withoutRefused(publication, refusals.get(publication))),
    ),
    deadLetterRefused(context, refusals),
  ])
  return publications.map(
    (publication, index) =>
      failures[index] ?? deaths.get(publication) ?? (refusals.has(publication) ? FULL : undefined),
  )
}

const FULL = new BrokerError('full', 'rejected Unable to publish message. Check queue limits.')

/** The most that a queue takes that refuses what is more, or undefined. Bytes are not counted: SQS does not tell. */
function maxLengthOf({ vhost }: VhostContext, queue: Queue): number | undefined {
  // What is in the memory of a gateway is the gateway's to count.
  if (queue.exclusive) return undefined
  const { maxLength, overflow } = vhost.settingsOf(queue)
  if (overflow === 'reject-publish') return maxLength
  // A quorum queue takes the other word for drop-head, as in RabbitMQ.
  return overflow === 'reject-publish-dlx' && queue.type === 'classic' ? maxLength : undefined
}

function limitedQueuesOf(context: VhostContext, publications: readonly Publication[]): readonly Queue[] {
  const limited = new Set<Queue>()
  for (const { queues } of publications) {
    for (const queue of queues) if (maxLengthOf(context, queue) !== undefined) limited.add(queue)
  }
  return [...limited]
}

/** A queue that cannot be counted takes what comes: its limit protects it, and is about right at the best of times. */
async function refuse(
  context: VhostContext,
  publications: readonly Publication[],
  limited: readonly Queue[],
): Promise<Refusals> {
  const lengths = await readyLengths(context.broker, limited)
  const refusals = new Map<Publication, Queue[]>()
  for (const publication of publications) {
    for (const queue of publication.queues) {
      const length = lengths.get(queue.id)
      const maxLength = maxLengthOf(context, queue)
      if (!length || maxLength === undefined) continue
      if (length.ready < maxLength) length.ready += 1
      else refusals.set(publication, [...(refusals.get(publication) ?? []), queue])
    }
  }
  return refusals
}

const withoutRefused = (publication: Publication, refused: readonly Queue[] | undefined): Publication =>
  refused ? { ...publication, queues: publication.queues.filter((queue) => !refused.includes(queue)) } : publication

/** Passes copies on that died before they entered; answers why those failed that could not be. */
async function deadLetterRefused(context: VhostContext, refusals: Refusals): Promise<Map<Publication, BrokerError>> {
  const dying = Array.from(refusals).flatMap(([publication, queues]) =>
    queues
      .filter((queue) => context.vhost.settingsOf(queue).overflow === 'reject-publish-dlx')
      .map((queue) => ({ publication, queue, copy: copyOf(publication, queue) })),
  )
  const failures = new Map<Publication, BrokerError>()
  for (const [queue, some] of Map.groupBy(dying, (death) => death.queue)) {
    const outcomes = await deadLetter(
      context,
      queue,
      some.map(({ copy }) => copy),
      'maxlen',
    )
    for (const [index, { publication }] of some.entries()) {
      const failure = outcomes[index]
      if (failure) failures.set(publication, failure)
    }
  }
  return failures
}

const copyOf = ({ publishId, hop, message }: Publication, queue: Queue): DeadCopy => ({
  envelope: envelopeOf(message),
  identity: { publishId, queueId: queue.id, hop },
})

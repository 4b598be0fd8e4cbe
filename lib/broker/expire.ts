import type { CopyIdentity } from '../delivery/copy.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import type { Queue } from '../model/queue.ts'
import { deadLetter } from './dead-letter.ts'
import type { VhostContext } from './session.ts'

export const isExpired = ({ identity }: { readonly identity?: CopyIdentity | undefined }, nowMs: number): boolean =>
  identity?.expiresAtMs !== undefined && identity.expiresAtMs <= nowMs

/**
 * Of what was received: the copies that may be handed out. One that has expired never is; the receipt handles of those that
 * could not be dead-lettered now are `left`, to the next look. `renew` gives the topology of this moment.
 */
export async function withoutExpired(
  renew: () => Promise<VhostContext>,
  nowMs: number,
  queue: Queue,
  { sqsQueueName, copies }: { readonly sqsQueueName: string; readonly copies: readonly ReceivedCopy[] },
): Promise<{ readonly copies: readonly ReceivedCopy[]; readonly left: readonly string[] }> {
  const expired = copies.filter((copy) => isExpired(copy, nowMs))
  if (expired.length === 0) return { copies, left: [] }
  const left = await expire(await renew(), queue, sqsQueueName, expired)
  return { copies: copies.filter((copy) => !expired.includes(copy)), left }
}

/** Takes expired copies out of their queue; answers the receipt handles of those that have to stay for now. */
export async function expire(
  context: VhostContext,
  queue: Queue,
  sqsQueueName: string,
  expired: readonly ReceivedCopy[],
): Promise<readonly string[]> {
  const left: ReceivedCopy[] = []
  for (const slice of slicesOf(expired)) {
    // What is behind a copy that stays may be of its group.
    if (queue.fifo && left.length > 0) left.push(...slice)
    else left.push(...(await expireSlice(context, queue, sqsQueueName, slice)))
  }
  return left.map(({ receiptHandle }) => receiptHandle)
}

/** Copies that fit into memory together, in their order: one whose payload is a blob of up to 16 MiB is alone. */
function slicesOf(copies: readonly ReceivedCopy[]): readonly ReceivedCopy[][] {
  const slices: ReceivedCopy[][] = []
  let isOpen = false
  for (const copy of copies) {
    const isLarge = 'claimCheck' in copy.message.body
    if (isOpen && !isLarge) slices.at(-1)?.push(copy)
    else slices.push([copy])
    isOpen = !isLarge
  }
  return slices
}

async function expireSlice(
  context: VhostContext,
  queue: Queue,
  sqsQueueName: string,
  expired: readonly ReceivedCopy[],
): Promise<readonly ReceivedCopy[]> {
  const { claimChecks, receiver } = context.broker.delivery
  const opened = await Promise.allSettled(expired.map(({ message }) => claimChecks.open(message, context.vhost.id)))
  const readable = expired.flatMap((copy, index) => {
    const envelope = opened[index]
    return envelope?.status === 'fulfilled' ? [{ copy, envelope: envelope.value }] : []
  })
  const failures = await deadLetter(
    context,
    queue,
    readable.map(({ copy, envelope }) => ({ envelope, identity: copy.identity })),
    'expired',
  )
  const passedOn = readable.filter((_, index) => failures[index] === undefined).map(({ copy }) => copy)
  await receiver.deleteBatch(
    sqsQueueName,
    passedOn.map(({ receiptHandle }) => receiptHandle),
  )
  return expired.filter((copy) => !passedOn.includes(copy))
}

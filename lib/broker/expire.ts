import type { CopyIdentity } from '../delivery/copy.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import type { Queue } from '../model/queue.ts'
import { deadLetter } from './dead-letter.ts'
import type { VhostContext } from './session.ts'

export const isExpired = ({ identity }: { readonly identity?: CopyIdentity | undefined }, nowMs: number): boolean =>
  identity?.expiresAtMs !== undefined && identity.expiresAtMs <= nowMs

/** Takes expired copies out of their queue; answers the receipt handles of those that have to stay for now. */
export async function expire(
  context: VhostContext,
  queue: Queue,
  sqsQueueName: string,
  expired: readonly ReceivedCopy[],
): Promise<readonly string[]> {
  if (expired.length === 0) return []
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
  const passedOn = readable.filter((_, index) => failures[index] === undefined).map(({ copy }) => copy.receiptHandle)
  await receiver.deleteBatch(sqsQueueName, passedOn)
  return expired.map(({ receiptHandle }) => receiptHandle).filter((handle) => !passedOn.includes(handle))
}

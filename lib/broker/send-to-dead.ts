import { internalQueueName } from '../config.ts'
import { MAX_INLINE_BYTES } from '../delivery/claim-checks.ts'
import { encodeCopy } from '../delivery/copy.ts'
import { encodeDeathNote } from '../delivery/death-note.ts'
import type { Copy } from '../delivery/sqs-sender.ts'
import type { DeathReason } from '../model/death.ts'
import { BrokerError, unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import type { DeadCopy } from './dead-copy.ts'
import type { VhostContext } from './session.ts'

/**
 * Leaves copies that died in a queue to function dead-letter, as they are and with a note of where and why; answers as
 * `deadLetter` does.
 */
export async function sendToDead(
  context: VhostContext,
  queue: Queue,
  copies: readonly DeadCopy[],
  reason: DeathReason,
): Promise<readonly (BrokerError | undefined)[]> {
  const deathAttribute = encodeDeathNote({ vhostId: context.vhost.id, queueId: queue.id, reason })
  const encoded = await Promise.all(copies.map((copy) => encode(context, copy, deathAttribute)))
  const sendable = encoded.filter((copy): copy is Copy => !(copy instanceof BrokerError))
  const outcomes = (await context.broker.delivery.sender.send(sendable)).values()
  return encoded.map((copy) => {
    if (copy instanceof BrokerError) return copy
    return outcomes.next().value?.status === 'sent' ? undefined : unavailable(NOT_STORED)
  })
}

const NOT_STORED = 'the dead message could not be stored: try again'

async function encode(
  { broker, vhost }: VhostContext,
  { envelope, identity }: DeadCopy,
  deathAttribute: string,
): Promise<Copy | BrokerError> {
  try {
    const options = { vhostId: vhost.id, maxMetadataBytes: MAX_INLINE_BYTES }
    return {
      sqsQueueName: internalQueueName(broker.config, 'dead'),
      message: await broker.delivery.claimChecks.encode(envelope, options),
      ...(identity && { copyAttribute: encodeCopy(identity) }),
      deathAttribute,
    }
  } catch (error) {
    return unavailable(NOT_STORED, { cause: error })
  }
}

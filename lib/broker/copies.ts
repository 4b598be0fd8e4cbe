import { createHash } from 'node:crypto'
import { type CopyIdentity, deduplicationIdOf, encodeCopy } from '../delivery/copy.ts'
import type { EncodedMessage } from '../delivery/envelope.ts'
import type { Copy } from '../delivery/sqs-sender.ts'
import { canonicalText, fieldOf } from '../model/amqp-value.ts'
import { headersOf, type Message } from '../model/message.ts'
import type { Queue } from '../model/queue.ts'
import { sqsQueueFor } from '../topology/vhost/priority-bands.ts'
import type { Publication } from './publication.ts'

/** A copy of a publication for one queue. */
export function copyFor(
  queue: Queue,
  { publishId, takenOver, hop, idleHops, message, returned }: Publication,
  encoded: EncodedMessage,
  expiresAtMs?: number,
): Copy {
  const identity: CopyIdentity = {
    publishId: takenOver?.get(queue.id) ?? publishId,
    queueId: queue.id,
    hop,
    idleHops,
    expiresAtMs,
    deliveries: returned?.deliveries,
  }
  const copy = {
    sqsQueueName: sqsQueueFor(queue, message.properties.priority).name,
    message: encoded,
    copyAttribute: encodeCopy(identity),
  }
  if (!queue.fifo) return copy
  return { ...copy, groupId: groupIdFor(queue, message), deduplicationId: deduplicationIdOf(identity) }
}

/** The groups of FIFO queues that a publication's copies go to; each is one text. */
export const fifoGroupsOf = ({ queues, message }: Publication): readonly string[] =>
  queues.filter(({ fifo }) => fifo !== undefined).map((queue) => `${queue.id} ${groupIdFor(queue, message)}`)

/** SQS takes 128 characters of a small alphabet as a group, so what groups the messages is hashed. */
function groupIdFor({ fifo }: Queue, message: Message): string {
  if (fifo?.by === 'routing-key') return hashOf(message.routingKey)
  if (fifo?.by === 'header') return hashOf(canonicalText(fieldOf(headersOf(message.properties), fifo.header) ?? null))
  return 'queue'
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

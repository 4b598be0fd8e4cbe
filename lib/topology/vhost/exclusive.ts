import { type ConnectionRef, isSameConnection } from '../../model/connection.ts'
import { BrokerError } from '../../model/errors.ts'
import { describeObject } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'

/** Throws `locked` where another connection has the queue for itself (AMQP contract §5). Anybody may publish to it. */
export function assertUnlocked(
  { name, exclusive }: Pick<Queue, 'name' | 'exclusive'>,
  connection: ConnectionRef | undefined,
  vhost: string,
): void {
  if (exclusive && !isSameConnection(exclusive, connection)) throw lockedQueue(name, vhost)
}

/** As {@link assertUnlocked}, for a declaration: that has to say what the queue is, its owner's too. */
export function assertSameOwner(
  { name, exclusive }: Pick<Queue, 'name' | 'exclusive'>,
  declared: ConnectionRef | undefined,
  vhost: string,
): void {
  if (!isSameConnection(exclusive, declared)) throw lockedQueue(name, vhost)
}

const lockedQueue = (name: string, vhost: string): BrokerError =>
  new BrokerError(
    'locked',
    `cannot obtain exclusive access to locked ${describeObject('queue', name, vhost)}. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.`,
  )

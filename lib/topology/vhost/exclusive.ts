import { type ConnectionRef, isSameConnection } from '../../model/connection.ts'
import { BrokerError } from '../../model/errors.ts'
import { describeObject } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import { autoDeletedExchanges } from './auto-delete.ts'
import type { VhostEvent } from './events.ts'
import type { QueueNode, VhostState } from './state.ts'

/** Deletes the queues that connections had for themselves. */
export interface DeleteExclusive {
  readonly type: 'delete-exclusive'
  /** Of which gateway's connections. */
  readonly gateway: string
  /** Of this connection only. */
  readonly connection?: string | undefined
  /** How many at most: an entry of the journal has a largest size. */
  readonly limit: number
}

/** One commit for all of them, with what goes because their bindings go. No event where there are none. */
export function deleteExclusive(state: VhostState, { gateway, connection, limit }: DeleteExclusive): VhostEvent[] {
  const nodes: QueueNode[] = []
  for (const node of state.exclusiveQueues()) {
    const owner = node.queue.exclusive
    if (owner?.gateway !== gateway || (connection !== undefined && owner.id !== connection)) continue
    if (nodes.push(node) >= limit) break
  }
  const deleted = nodes.map(({ queue: { id, name } }) => ({ type: 'queue-deleted', id, name }) as const)
  const bindings = nodes.flatMap(({ incoming }) => [...incoming.values()])
  return [...deleted, ...autoDeletedExchanges(state, bindings)]
}

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

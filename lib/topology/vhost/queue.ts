import type { AmqpTable } from '../../model/amqp-value.ts'
import type { ConnectionRef } from '../../model/connection.ts'
import { notFound, preconditionFailed } from '../../model/errors.ts'
import { assertName, describeObject, isReservedName } from '../../model/names.ts'
import type { Queue, QueueType, SqsQueue } from '../../model/queue.ts'
import { autoDeletedExchanges } from './auto-delete.ts'
import { assertEquivalentArgument, assertEquivalentFlag } from './equivalence.ts'
import type { VhostEvent } from './events.ts'
import { assertExchangeNameArgument } from './exchange-name-argument.ts'
import { assertSameOwner } from './exclusive.ts'
import { assertQueueArguments, comparedArguments, fifoGroupingOf, queueTypeOf } from './queue-arguments.ts'
import { reservedName } from './reserved-names.ts'
import type { VhostState } from './state.ts'

export interface DeclareQueue {
  readonly type: 'declare-queue'
  /** The id that the queue gets if it is made. */
  readonly id: string
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: AmqpTable
  readonly user: string
  /** The vhost's default queue type, for queues that do not name one. */
  readonly defaultType?: QueueType | undefined
  /** The vhost's `max-queues` limit, if any. */
  readonly maxQueues?: number | undefined
  /** The SQS queues that stand behind it if it is made. */
  readonly sqsQueues: readonly SqsQueue[]
  /** The connection that wants it for itself. */
  readonly exclusive?: ConnectionRef | undefined
  /** The broker chose the name, which begins with what clients may not choose. */
  readonly isServerNamed?: boolean | undefined
}

export interface DeleteQueue {
  readonly type: 'delete-queue'
  readonly name: string
  /** Deletes only the queue with this id: a later one of the same name is left alone. */
  readonly onlyId?: string | undefined
  /** The time, ms since 1970. */
  readonly nowMs: number
}

/**
 * Contract §2. No event where an equivalent queue exists; names of SQS queues are not compared.
 * `added` queues have been decided already but are not in the state yet.
 */
export function declareQueue(state: VhostState, command: DeclareQueue, added = 0): VhostEvent[] {
  assertName(command.name, 'the queue name')
  if (command.name === '') throw preconditionFailed('a queue needs a name')
  const object = describeObject('queue', command.name, state.vhost)
  const existing = state.queueByName(command.name)
  if (existing) return assertEquivalent(existing, command, object, state.vhost)
  if (isReservedName(command.name) && !command.isServerNamed) throw reservedName('queue', command.name)
  assertRoom(state, command, added)
  assertExchangeNameArgument(object, 'x-dead-letter-exchange', command.arguments)
  const queue = queueFrom(command, state.vhost)
  assertQueueArguments(command.arguments, queue.type, object)
  assertProperties(command, queue.type, object)
  assertAdoptable(state, command, object)
  return [{ type: 'queue-declared', queue }]
}

/** The queue that a command makes where it is not refused. Throws `precondition-failed` for a type that is none. */
export const queueFrom = (command: DeclareQueue, vhost: string): Queue =>
  newQueue(command, queueTypeOf(command.arguments, describeObject('queue', command.name, vhost), command.defaultType))

function newQueue(command: DeclareQueue, type: QueueType): Queue {
  const { id, name, autoDelete, user, sqsQueues, exclusive } = command
  const queue = {
    id,
    name,
    type,
    durable: isDurable(command),
    autoDelete,
    arguments: command.arguments,
    user,
    sqsQueues,
  }
  // An inbox has no groups: the one gateway that receives from it keeps what order there is.
  if (exclusive) return { ...queue, exclusive }
  const fifo = fifoGroupingOf(command.arguments)
  return fifo ? { ...queue, fifo } : queue
}

/** What goes with a connection does not outlive the broker, whatever is declared (AMQP contract §5). */
const isDurable = ({ durable, exclusive }: Pick<DeclareQueue, 'durable' | 'exclusive'>): boolean =>
  durable && !exclusive

function assertEquivalent(current: Queue, command: DeclareQueue, object: string, vhost: string): VhostEvent[] {
  assertSameOwner(current, command.exclusive, vhost)
  assertEquivalentFlag(object, 'durable', isDurable(command), current.durable)
  assertEquivalentFlag(object, 'auto_delete', command.autoDelete, current.autoDelete)
  const [received, declared] = [
    withType(command.arguments, command.defaultType),
    withType(current.arguments, current.type),
  ]
  for (const name of comparedArguments(current.type)) {
    const isImplied = name === 'x-queue-type' && isClassic(received) && isClassic(declared)
    if (!isImplied) assertEquivalentArgument(object, name, received, declared)
  }
  return []
}

/** A default queue type is compared as if it had been an argument; being classic is the same as saying nothing. */
const withType = (args: AmqpTable, type: QueueType | undefined): AmqpTable =>
  type === undefined || type === 'classic' ? args : { 'x-queue-type': type, ...args }

const isClassic = (args: AmqpTable): boolean => (args['x-queue-type'] ?? 'classic') === 'classic'

function assertProperties(command: DeclareQueue, type: QueueType, object: string): void {
  if (type !== 'quorum') return
  if (command.exclusive) throw preconditionFailed(`invalid property 'exclusive-owner' for ${object}`)
  if (!command.durable) throw preconditionFailed(`invalid property 'non-durable' for ${object}`)
  if (command.autoDelete) throw preconditionFailed(`invalid property 'auto-delete' for ${object}`)
}

/**
 * An SQS queue that somebody else made must be of the kind that the arguments ask for, and behind one queue only. Throws
 * `precondition-failed`. `object` as `describeObject` prints it.
 */
export function assertAdoptable(state: VhostState, command: DeclareQueue, object: string): void {
  const isFifo = fifoGroupingOf(command.arguments) !== undefined
  for (const { name, adopted } of command.sqsQueues) {
    if (!adopted) continue
    if (name.endsWith('.fifo') !== isFifo) {
      const [is, wanted] = isFifo ? ['a standard one', 'FIFO'] : ['FIFO', 'a standard one']
      throw preconditionFailed(`${object} cannot adopt the SQS queue '${name}', which is ${is}: it needs ${wanted}`)
    }
    const other = Array.from(state.queues()).find(({ queue }) => queue.sqsQueues.some((used) => used.name === name))
    if (other) {
      const owner = describeObject('queue', other.queue.name, state.vhost)
      throw preconditionFailed(`${object} cannot adopt the SQS queue '${name}', which is behind ${owner}`)
    }
  }
}

function assertRoom(state: VhostState, { name, maxQueues }: DeclareQueue, added: number): void {
  if (maxQueues === undefined || maxQueues < 0 || state.queueCount + added < maxQueues) return
  throw preconditionFailed(
    `cannot declare queue '${name}': queue limit in vhost '${state.vhost}' (${maxQueues}) is reached`,
  )
}

/** Contract §1.2. One event, however many bindings go with the queue. Throws `not-found` for a missing queue. */
export function deleteQueue(state: VhostState, command: DeleteQueue): VhostEvent[] {
  const node = state.queueNodeByName(command.name)
  if (!node || (command.onlyId !== undefined && node.queue.id !== command.onlyId)) throw notFound()
  const { id, exclusive } = node.queue
  // What a connection had for itself goes with all that was in it, and nothing of it is remembered.
  const deletedMs = exclusive ? undefined : command.nowMs
  return [
    { type: 'queue-deleted', id, name: command.name, ...(deletedMs !== undefined && { deletedMs }) },
    ...autoDeletedExchanges(state, [...node.incoming.values()]),
  ]
}

import { canonicalText } from '../../model/amqp-value.ts'
import { propertiesKey } from '../../model/binding.ts'
import { BrokerError, preconditionFailed } from '../../model/errors.ts'
import { describeObject, isReservedName } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import { type Bind, bind, findBinding, unbind } from './binding.ts'
import type { VhostEvent } from './events.ts'
import { type DeclareExchange, declareExchange, deleteExchange } from './exchange.ts'
import { vhostMachine } from './machine.ts'
import { assertAdoptable, type DeclareQueue, declareQueue, deleteQueue } from './queue.ts'
import type { VhostState } from './state.ts'

/**
 * All that one owner, a deployed app, wants of a vhost. What it wanted before and does not any more goes; what others
 * declared stays.
 */
export interface Reconcile {
  readonly type: 'reconcile'
  /** The user by which the owner's exchanges and queues are known again. */
  readonly owner: string
  readonly exchanges: readonly DeclareExchange[]
  /** Each with the SQS queue that it adopts. */
  readonly queues: readonly DeclareQueue[]
  readonly bindings: readonly Bind[]
  /** What the owner wanted when it last came: bindings do not say whose they are. */
  readonly formerBindings: readonly Bind[]
  /** The time, ms since 1970. */
  readonly nowMs: number
}

/**
 * One commit for all of it: exchanges and queues of the owner that it does not name are deleted, as are its former
 * bindings; then what it names is declared. No event where everything is so already. Throws what the first refused
 * declaration is refused for, and `precondition-failed` for a queue that others declared.
 */
export function reconcile(current: VhostState, command: Reconcile): VhostEvent[] {
  const state = vhostMachine.restore(vhostMachine.snapshot(current))
  const events: VhostEvent[] = []
  const run = (decided: readonly VhostEvent[]): void => {
    for (const event of decided) vhostMachine.apply(state, event)
    events.push(...decided)
  }
  for (const binding of leftOut(command)) run(unbindIfBound(state, binding))
  const { nowMs } = command
  for (const name of queuesToDelete(state, command)) run(deleteQueue(state, { type: 'delete-queue', name, nowMs }))
  for (const name of exchangesToDelete(state, command)) {
    // An auto-delete exchange may have gone with a queue.
    if (state.exchangeByName(name)) run(deleteExchange(state, { type: 'delete-exchange', name, ifUnused: false }))
  }
  for (const exchange of command.exchanges) run(declareOwned(state, exchange, nowMs))
  for (const queue of command.queues) run(declareOwned(state, queue, nowMs))
  for (const binding of command.bindings) run(bind(state, binding))
  return events
}

function leftOut({ bindings, formerBindings }: Reconcile): Bind[] {
  const wanted = new Set(bindings.map(identityOf))
  return formerBindings.filter((binding) => !wanted.has(identityOf(binding)))
}

const identityOf = ({ source, destinationType, destination, routingKey, arguments: args }: Bind): string =>
  JSON.stringify([source, destinationType, destination, routingKey, canonicalText(args)])

function unbindIfBound(state: VhostState, { type: _, ...binding }: Bind): VhostEvent[] {
  const key = propertiesKey(binding.routingKey, binding.arguments)
  if (!findBinding(state, binding, key)) return []
  return unbind(state, { type: 'unbind', ...binding, propertiesKey: key })
}

function queuesToDelete(state: VhostState, { owner, queues }: Reconcile): string[] {
  const wanted = new Set(queues.map(({ name }) => name))
  return Array.from(state.queues(), ({ queue }) => queue)
    .filter((queue) => isOwned(queue, owner) && !wanted.has(queue.name))
    .map(({ name }) => name)
}

function exchangesToDelete(state: VhostState, { owner, exchanges }: Reconcile): string[] {
  const wanted = new Set(exchanges.map(({ name }) => name))
  return (
    Array.from(state.exchanges(), ({ exchange }) => exchange)
      // A vhost that the owner made has its predefined exchanges in the owner's name.
      .filter(({ user, name }) => user === owner && !wanted.has(name) && !isReservedName(name))
      .map(({ name }) => name)
  )
}

/** The owner's queues stand on SQS queues of its own, which nobody has to delete after them. */
const isOwned = ({ user, sqsQueues }: Queue, owner: string): boolean =>
  user === owner && sqsQueues.every(({ adopted }) => adopted)

function declareOwned(state: VhostState, command: DeclareExchange | DeclareQueue, nowMs: number): VhostEvent[] {
  const { type, name } = command
  const exists = (type === 'declare-queue' ? state.queueByName(name) : state.exchangeByName(name)) !== undefined
  try {
    if (command.type === 'declare-exchange') return declareExchange(state, command)
    const events = declareQueue(state, command)
    return events.length > 0 ? events : moved(state, command, nowMs)
  } catch (error) {
    if (!exists || !(error instanceof BrokerError)) throw error
    throw new BrokerError(error.kind, `${error.message}; ${UNCHANGEABLE}`, { cause: error })
  }
}

const UNCHANGEABLE = 'it cannot be changed, so use another name, or delete it first'

/**
 * A queue whose SQS queue was replaced is another queue to all that was sent to the old one; it keeps its bindings,
 * whoever made them.
 */
function moved(state: VhostState, command: DeclareQueue, deletedMs: number): VhostEvent[] {
  const { id, name, sqsQueues, user } = command
  const node = state.queueNodeByName(name)
  if (!node || sameNames(node.queue.sqsQueues, sqsQueues)) return []
  const object = describeObject('queue', name, state.vhost)
  if (!isOwned(node.queue, user)) throw preconditionFailed(`${object} exists with an SQS queue of its own`)
  assertAdoptable(state, command, object)
  const destination = { type: 'queue', id } as const
  return [
    { type: 'queue-deleted', id: node.queue.id, name, deletedMs },
    { type: 'queue-declared', queue: { ...node.queue, id, sqsQueues } },
    ...Array.from(
      node.incoming.values(),
      (binding) => ({ type: 'bound', binding: { ...binding, destination } }) as const,
    ),
  ]
}

const sameNames = (left: Queue['sqsQueues'], right: Queue['sqsQueues']): boolean =>
  left.length === right.length && left.every(({ name }, index) => name === right[index]?.name)

import { randomBytes } from 'node:crypto'
import { assertMayDeclareQueue } from '../access/permissions.ts'
import type { NewSqsQueue } from '../delivery/sqs-queues.ts'
import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import type { ConnectionRef } from '../model/connection.ts'
import { preconditionFailed } from '../model/errors.ts'
import { isReservedName, noSuchObject } from '../model/names.ts'
import type { Queue, QueueType, SqsQueue } from '../model/queue.ts'
import type { User } from '../model/user.ts'
import { NO_DEFAULT_QUEUE_TYPE } from '../model/vhost.ts'
import { decideVhost, type VhostCommand } from '../topology/vhost/decide.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import { assertUnlocked } from '../topology/vhost/exclusive.ts'
import type { ImportItem } from '../topology/vhost/import.ts'
import { bandCountOf } from '../topology/vhost/priority-bands.ts'
import { type DeclareQueue, queueFrom } from '../topology/vhost/queue.ts'
import { fifoGroupingOf } from '../topology/vhost/queue-arguments.ts'
import type { QueueSettings } from '../topology/vhost/queue-settings.ts'
import { reservedName } from '../topology/vhost/reserved-names.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { alteringIntentsOfDeclared, finishAlteringOrLeave } from './altering-intents.ts'
import type { Broker } from './broker.ts'
import {
  type Committed,
  commitOf,
  commitToVhost,
  committed,
  type Guard,
  newId,
  stateOf,
  stillThere,
  whenSettled,
} from './change.ts'
import { withoutDeadOwner } from './dead-owners.ts'
import { inboxOf } from './inbox.ts'
import { noteUse } from './note-use.ts'
import { remakeMissing } from './remake-sqs-queues.ts'
import type { VhostSession } from './session.ts'
import { createUnderIntent, deletingIntents, discardCreated, finishDeletingOrLeave } from './sqs-intents.ts'

export interface QueueDeclaration {
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: AmqpTable
  /** Whether the session's connection wants it for itself; it lives in the connection's gateway then. */
  readonly exclusive?: boolean
}

/** A queue that was declared, and whether it was there before. */
export interface DeclaredQueue {
  readonly outcome: 'created' | 'existing'
  readonly queue: Queue
}

/**
 * Declares a queue and makes the SQS queue behind it, or finds that an equivalent one exists (contract §2), whose SQS queue
 * is made anew where it was deleted behind our back.
 */
export async function declareQueue(
  session: VhostSession,
  declaration: QueueDeclaration,
): Promise<DeclaredQueue['outcome']> {
  return (await whenSettled(commitQueue(session, declaration))).outcome
}

/** As {@link declareQueue}, for doors with connections. Without a name the queue gets one, which no other has. */
export const commitQueue = (session: VhostSession, declaration: QueueDeclaration): Promise<Committed<DeclaredQueue>> =>
  withoutDeadOwner(session, declaration.name, (current) => commitDeclaration(current, declaration))

async function commitDeclaration(
  session: VhostSession,
  declaration: QueueDeclaration,
): Promise<Committed<DeclaredQueue>> {
  const { broker } = session
  // Whatever exists and whoever asks: as RabbitMQ refuses it.
  if (isReservedName(declaration.name)) throw reservedName('queue', declaration.name)
  const command = commandFor(session, declaration)
  const guard = mayDeclare(session.user, command)
  await noteRedeclaration(session, command, guard)
  const declared = await equivalentQueue(session, command, guard)
  if (declared) {
    const { queue, versions } = declared
    return committed(broker, versions, { outcome: 'existing', queue }, () => remakeMissing(session, queue))
  }
  const { changed, versions, result } = command.exclusive
    ? await commitTaking(session, { command, guard })
    : await commitWithSqsQueues(session, [command], { command, guard })
  const queue = result.queues.find(({ name }) => name === command.name)
  if (!queue) throw new Error(`queue '${command.name}' was declared and is not there`)
  return committed(broker, versions, { outcome: changed ? 'created' : 'existing', queue })
}

/** For passive declarations, for which nobody needs a permission. Throws `not-found` and `locked`. */
export function checkQueue({ vhost, connection }: VhostSession, name: string): Queue {
  const queue = vhost.queueByName(name)
  if (!queue) throw noSuchObject('queue', name, vhost.vhost)
  assertUnlocked(queue, connection, vhost.vhost)
  return queue
}

/** Before the queue is found to exist, so that it is not deleted as unused afterwards. Throws what is refused. */
async function noteRedeclaration(session: VhostSession, command: DeclareQueue, guard: Guard): Promise<void> {
  const existing = session.vhost.queueByName(command.name)
  if (!existing) return
  guard(session.access, session.vhost)
  decideVhost(session.vhost, command)
  await noteUse(session, existing)
}

/**
 * The equivalent queue that exists, and the versions that show it. Where there is none, an SQS queue has to be made before
 * anything is committed. Throws what the declaration is refused for.
 */
async function equivalentQueue(
  session: VhostSession,
  command: DeclareQueue,
  guard: Guard,
): Promise<{ queue: Queue; versions: Transacted<unknown>['versions'] } | undefined> {
  const { journals } = session.broker
  const journal = session.vhost.id
  const { result, versions } = await journals.transact({
    ...commitOf(session),
    journals: (access) => [stillThere(session, access)],
    decide: ({ access, vhosts }) => {
      const state = stateOf(vhosts, journal)
      guard(access, state)
      const exists = decideVhost(state, command).length === 0
      return { writes: [], result: exists ? state.queueByName(command.name) : undefined }
    },
  })
  return result && { queue: result, versions }
}

/**
 * Merges many queues at once, as an import does: those that exist stay as they are. One intent, one commit; the caller
 * waits for the lease. At most a few hundred, so that the work ends within a request.
 */
export async function importQueues(
  session: VhostSession,
  declarations: readonly QueueDeclaration[],
): Promise<Transacted<unknown>['versions']> {
  const missing = declarations.filter(({ name }) => !session.vhost.queueByName(name))
  const items = missing.map((declaration) => commandFor(session, declaration))
  const command = { type: 'import', items } satisfies { type: 'import'; items: readonly ImportItem[] }
  // A file that is refused makes no SQS queues, and one that brings nothing new waits for what it found.
  if (decideVhost(session.vhost, command).length === 0) return (await commitToVhost(session, command)).versions
  return (await commitWithSqsQueues(session, items, { command })).versions
}

const mayDeclare =
  (user: User, { name, arguments: args }: Pick<DeclareQueue, 'name' | 'arguments'>): Guard =>
  (access, vhost) => {
    const deadLetterExchange = args['x-dead-letter-exchange']
    assertMayDeclareQueue(access, user, vhost.vhost, {
      name,
      exists: vhost.queueByName(name) !== undefined,
      deadLetterExchange: typeof deadLetterExchange === 'string' ? deadLetterExchange : undefined,
    })
  }

function commandFor(session: VhostSession, declaration: QueueDeclaration): DeclareQueue {
  const { broker, access, user, vhost } = session
  const { exclusive: isExclusive = false, ...declared } = declaration
  const settings = access.vhosts.get(vhost.vhost)
  const exclusive = isExclusive ? ownerOf(session) : undefined
  const defaultType = exclusive ? undefined : settings?.defaultQueueType
  return {
    type: 'declare-queue',
    id: newId(broker),
    user: user.name,
    ...declared,
    ...(declared.name === '' && session.connection && { name: serverName(), isServerNamed: true }),
    defaultType: defaultType === NO_DEFAULT_QUEUE_TYPE ? undefined : (defaultType as QueueType | undefined),
    maxQueues: settings?.limits['max-queues'],
    sqsQueues: exclusive ? [inboxOf(broker, exclusive.gateway)] : newSqsQueues(broker, declaration),
    exclusive,
  }
}

function ownerOf({ connection }: VhostSession): ConnectionRef {
  if (!connection) throw preconditionFailed('only a connection can have a queue for itself')
  return connection
}

const SERVER_NAME_RANDOM_BYTES = 16

/** As RabbitMQ names what clients leave unnamed: 22 characters of base64url behind the prefix. */
const serverName = (): string => `amq.gen-${randomBytes(SERVER_NAME_RANDOM_BYTES).toString('base64url')}`

/** One, or one for each band of priorities, whose number begins its name for those who look at a list. */
function newSqsQueues({ delivery }: Broker, { name, arguments: args }: QueueDeclaration): readonly SqsQueue[] {
  const isFifo = fifoGroupingOf(args) !== undefined
  const bands = isFifo ? 1 : bandCountOf(args)
  return Array.from({ length: bands }, (_, band) => ({
    name: delivery.queues.newName(bands === 1 ? name : `priority-${band}-${name}`, isFifo),
  }))
}

/**
 * Makes the SQS queues of `queues`, then commits `command` (docs/architecture.md).
 */
async function commitWithSqsQueues(
  session: VhostSession,
  queues: readonly DeclareQueue[],
  change: GuardedCommand,
): Promise<Transacted<TakenQueues>> {
  const { broker } = session
  const sqsQueues = queues.flatMap((queue) => sqsQueuesFor(session, queue))
  const intent = await createUnderIntent(broker, sqsQueues)
  const made = { intentId: intent.id, sqsQueues }
  const done = await commitTaking(session, change, made).catch(async (error: unknown) => {
    await discardCreated(broker, intent)
    throw error
  })
  if (!done.changed) await discardCreated(broker, intent)
  return done
}

type MadeSqsQueue = NewSqsQueue & { readonly settings: QueueSettings }

/** As the policies of the moment have them. */
function sqsQueuesFor({ vhost }: VhostSession, command: DeclareQueue): MadeSqsQueue[] {
  const settings = vhost.settingsOf(queueFrom(command, vhost.vhost))
  return command.sqsQueues.map(({ name }) => ({ name, settings }))
}

interface GuardedCommand {
  readonly command: VhostCommand
  readonly guard?: Guard
}

/** The queues that a commit declared or found, and what it left to be deleted or given other attributes. */
interface TakenQueues {
  readonly queues: readonly Queue[]
  readonly deleting: readonly Intent[]
  readonly altering: readonly Intent[]
}

/** `made`: SQS queues that were made for it, and the intent that names them. */
async function commitTaking(
  session: VhostSession,
  { command, guard }: GuardedCommand,
  made?: { readonly intentId: string; readonly sqsQueues: readonly MadeSqsQueue[] },
): Promise<Transacted<TakenQueues>> {
  const { broker, vhost } = session
  const settings = new Map(made?.sqsQueues.map((sqsQueue) => [sqsQueue.name, sqsQueue.settings]))
  const done = await broker.journals.transact({
    ...commitOf(session),
    journals: (access) => [stillThere(session, access)],
    decide: ({ access, vhosts }) => {
      const state = stateOf(vhosts, vhost.id)
      guard?.(access, state)
      const events = decideVhost(state, command)
      const queues = queuesOf(state, command, events)
      if (events.length === 0 || !made)
        return { writes: [{ journal: vhost.id, events }], result: { queues, deleting: [], altering: [] } }
      // Others may have declared some of them meanwhile: theirs count, ours go.
      const deleting = deletingIntents(broker, namesWithout([...settings.keys()], events))
      const altering = alteringIntentsOfDeclared(broker, state, events, settings)
      const intents = { put: [...deleting, ...altering], take: [{ id: made.intentId, state: 'creating' as const }] }
      return { writes: [{ journal: vhost.id, events }], intents, result: { queues, deleting, altering } }
    },
  })
  await finishDeletingOrLeave(broker, done.result.deleting)
  await finishAlteringOrLeave(broker, done.result.altering)
  return done
}

function queuesOf(state: VhostState, command: VhostCommand, events: readonly VhostEvent[]): Queue[] {
  const declared = events.flatMap((event) => (event.type === 'queue-declared' ? [event.queue] : []))
  const existing = command.type === 'declare-queue' ? state.queueByName(command.name) : undefined
  return existing ? [...declared, existing] : declared
}

function namesWithout(sqsNames: readonly string[], events: readonly VhostEvent[]): string[] {
  const used = new Set(
    events.flatMap((event) => (event.type === 'queue-declared' ? event.queue.sqsQueues.map(({ name }) => name) : [])),
  )
  return sqsNames.filter((name) => !used.has(name))
}

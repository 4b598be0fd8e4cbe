import { assertMayDeclareQueue } from '../access/permissions.ts'
import type { NewSqsQueue } from '../delivery/sqs-queues.ts'
import type { Transacted } from '../journal/decision.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import type { Queue, QueueType, SqsQueue } from '../model/queue.ts'
import type { User } from '../model/user.ts'
import { NO_DEFAULT_QUEUE_TYPE } from '../model/vhost.ts'
import { decideVhost, type VhostCommand } from '../topology/vhost/decide.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import type { ImportItem } from '../topology/vhost/import.ts'
import { bandCountOf } from '../topology/vhost/priority-bands.ts'
import { type DeclareQueue, queueFrom } from '../topology/vhost/queue.ts'
import { fifoGroupingOf } from '../topology/vhost/queue-arguments.ts'
import type { QueueSettings } from '../topology/vhost/queue-settings.ts'
import { alteringIntentsOfDeclared, finishAlteringOrLeave } from './altering-intents.ts'
import type { Broker } from './broker.ts'
import { commitOf, commitToVhost, type Guard, newId, stateOf, stillThere } from './change.ts'
import { noteUse } from './note-use.ts'
import { remakeMissing } from './remake-sqs-queues.ts'
import type { VhostSession } from './session.ts'
import { createUnderIntent, deletingIntents, discardCreated, finishDeletingOrLeave } from './sqs-intents.ts'

export interface QueueDeclaration {
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: AmqpTable
}

/**
 * Declares a queue and makes the SQS queue behind it, or finds that an equivalent one exists (contract §2), whose SQS queue
 * is made anew where it was deleted behind our back.
 */
export async function declareQueue(
  session: VhostSession,
  declaration: QueueDeclaration,
): Promise<'created' | 'existing'> {
  const command = commandFor(session, declaration)
  const guard = mayDeclare(session.user, declaration)
  await noteRedeclaration(session, command, guard)
  const declared = await equivalentQueue(session, command, guard)
  if (declared) {
    await Promise.all([remakeMissing(session, declared.queue), session.broker.journals.settled(declared.versions)])
    return 'existing'
  }
  const { changed, versions } = await commitWithSqsQueues(session, [command], { command, guard })
  await session.broker.journals.settled(versions)
  return changed ? 'created' : 'existing'
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
  (user: User, { name, arguments: args }: QueueDeclaration): Guard =>
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
  const settings = access.vhosts.get(vhost.vhost)
  const defaultType = settings?.defaultQueueType
  return {
    type: 'declare-queue',
    id: newId(broker),
    user: user.name,
    ...declaration,
    defaultType: defaultType === NO_DEFAULT_QUEUE_TYPE ? undefined : (defaultType as QueueType | undefined),
    maxQueues: settings?.limits['max-queues'],
    sqsQueues: newSqsQueues(broker, declaration),
  }
}

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
): Promise<Transacted<unknown>> {
  const { broker } = session
  const sqsQueues = queues.flatMap((queue) => sqsQueuesFor(session, queue))
  const intent = await createUnderIntent(broker, sqsQueues)
  const done = await commitTaking(session, change, intent.id, sqsQueues).catch(async (error: unknown) => {
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

async function commitTaking(
  session: VhostSession,
  { command, guard }: GuardedCommand,
  intentId: string,
  sqsQueues: readonly MadeSqsQueue[],
): Promise<Transacted<unknown>> {
  const { broker, vhost } = session
  const made = new Map(sqsQueues.map(({ name, settings }) => [name, settings]))
  const done = await broker.journals.transact({
    ...commitOf(session),
    journals: (access) => [stillThere(session, access)],
    decide: ({ access, vhosts }) => {
      const state = stateOf(vhosts, vhost.id)
      guard?.(access, state)
      const events = decideVhost(state, command)
      if (events.length === 0) return { writes: [], result: { deleting: [], altering: [] } }
      // Others may have declared some of them meanwhile: theirs count, ours go.
      const deleting = deletingIntents(broker, namesWithout([...made.keys()], events))
      const altering = alteringIntentsOfDeclared(broker, state, events, made)
      const intents = { put: [...deleting, ...altering], take: [{ id: intentId, state: 'creating' as const }] }
      return { writes: [{ journal: vhost.id, events }], intents, result: { deleting, altering } }
    },
  })
  await finishDeletingOrLeave(broker, done.result.deleting)
  await finishAlteringOrLeave(broker, done.result.altering)
  return done
}

function namesWithout(sqsNames: readonly string[], events: readonly VhostEvent[]): string[] {
  const used = new Set(
    events.flatMap((event) => (event.type === 'queue-declared' ? event.queue.sqsQueues.map(({ name }) => name) : [])),
  )
  return sqsNames.filter((name) => !used.has(name))
}

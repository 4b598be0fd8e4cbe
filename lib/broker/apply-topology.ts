import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import type { VisibleVersion } from '../journal/lease.ts'
import { ACCESS_JOURNAL } from '../journal/table.ts'
import { ownSqsNames, type QueueType } from '../model/queue.ts'
import type { User } from '../model/user.ts'
import { NO_DEFAULT_QUEUE_TYPE, type Vhost } from '../model/vhost.ts'
import { reconcileAccess } from '../topology/access/reconcile.ts'
import { requireVhost } from '../topology/access/vhost.ts'
import type { BindingDefinition, Definitions, VhostContents } from '../topology/definitions/definitions.ts'
import { declarationsFor } from '../topology/definitions/rehearse.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import type { Reconcile } from '../topology/vhost/reconcile.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { commitOf, newId, stateOf, stillThere } from './change.ts'
import { openVhostSessions } from './open-vhost-sessions.ts'
import { openSession, type Session, type VhostSession } from './session.ts'
import { deletingIntents, finishDeletingOrLeave } from './sqs-intents.ts'
import { userImage } from './user-image.ts'
import { commitVhost } from './vhosts.ts'

/** What an app that deploys the broker says is in it. */
export interface AppTopology {
  /** Exchanges, queues, bindings and permissions; nothing else of a definitions file. */
  readonly definitions: Definitions
  /** The name of the SQS queue that each queue adopts, by vhost and queue. */
  readonly sqsQueueOf: (vhost: string, queue: string) => string
  readonly users: readonly AppUser[]
}

export interface AppUser {
  readonly name: string
  readonly password: string
  readonly tags: readonly string[]
}

const HASHING_ALGORITHM = 'rabbit_password_hashing_sha256'

/** Somebody by whose name changes are known, and as whom no client can log in. */
export const nobody = (name: string): User => ({
  name,
  passwordHash: '',
  hashingAlgorithm: HASHING_ALGORITHM,
  tags: [],
  limits: {},
})

/** Who declares what an app says: what it declared is known again by this name. */
const APP = nobody('leveret:app')

const NO_CONTENTS: VhostContents = { exchanges: [], policies: [], parameters: [], queues: [], bindings: [] }

/**
 * Makes the broker what the app says, and takes away what the app said before and does not say any more; what others
 * declared stays. A commit for each vhost, so that a vhost is changed as a whole or not at all. Repeatable; nothing is
 * committed where nothing differs. Vhosts that are missing are made, none is deleted.
 *
 * `former` are the definitions that the app brought when it last came. Throws BrokerError, saying what is in the way.
 */
export async function applyTopology(broker: Broker, app: AppTopology, former: Definitions): Promise<void> {
  const session = await openOwnSession(broker, APP)
  const versions: VisibleVersion[] = []
  const intents: Intent[] = []
  for (const vhost of app.definitions.contents.keys()) {
    if (!session.access.vhosts.has(vhost)) versions.push(...(await commitVhost(session, { name: vhost })).versions)
  }
  const { access, ...current } = await openOwnSession(broker, APP)
  for (const name of access.vhosts.keys()) {
    const [vhostSession] = await openVhostSessions({ access, ...current }, [name])
    if (!vhostSession) continue
    const command = commandFor(vhostSession, requireVhost(access, name), app, former)
    const done = await commitVhostOfApp(vhostSession, command)
    versions.push(...done.versions)
    intents.push(...done.result)
  }
  versions.push(...(await commitUsers(session, app)))
  await broker.journals.settled(versions)
  await finishDeletingOrLeave(broker, intents)
}

/** The result names what goes with queues that are deleted: SQS queues that the broker made for their dead letters. */
function commitVhostOfApp(session: VhostSession, command: Reconcile): Promise<Transacted<readonly Intent[]>> {
  const { broker, vhost } = session
  return broker.journals.transact({
    ...commitOf(session),
    journals: (access) => [stillThere(session, access)],
    decide: ({ vhosts }) => {
      const state = stateOf(vhosts, vhost.id)
      const events = decideVhost(state, command)
      const put = deletingIntents(broker, orphanedBy(state, events))
      return { writes: [{ journal: vhost.id, events }], intents: { put }, result: put }
    },
  })
}

/** A queue that was moved keeps what it had. */
function orphanedBy(state: VhostState, events: readonly VhostEvent[]): string[] {
  const kept = new Set(events.flatMap((event) => (event.type === 'queue-declared' ? ownSqsNames(event.queue) : [])))
  return events
    .flatMap((event) => (event.type === 'queue-deleted' ? (state.queueById(event.id) ?? []) : []))
    .flatMap(ownSqsNames)
    .filter((name) => !kept.has(name))
}

/** A session of the broker's own, for a user whom nobody has to let in. */
export function openOwnSession(broker: Broker, user: User): Promise<Session> {
  return openSession(broker, { arrival: broker.journals.arrival(), confirm: true, authenticate: () => user })
}

function commandFor({ broker, user }: Session, vhost: Vhost, app: AppTopology, former: Definitions): Reconcile {
  const contents = app.definitions.contents.get(vhost.name) ?? NO_CONTENTS
  const { defaultQueueType, limits } = vhost
  const made = () => ({ id: newId(broker), user: user.name })
  return {
    type: 'reconcile',
    owner: user.name,
    nowMs: broker.clock.wallMs(),
    exchanges: contents.exchanges.map((exchange) => ({ type: 'declare-exchange', ...made(), ...exchange })),
    queues: declarationsFor(contents.queues, vhost).map((queue) => ({
      type: 'declare-queue',
      ...made(),
      ...queue,
      defaultType: defaultQueueType === NO_DEFAULT_QUEUE_TYPE ? undefined : (defaultQueueType as QueueType | undefined),
      maxQueues: limits['max-queues'],
      sqsQueues: [{ name: app.sqsQueueOf(vhost.name, queue.name), adopted: true }],
    })),
    bindings: contents.bindings.map(toCommand),
    formerBindings: (former.contents.get(vhost.name) ?? NO_CONTENTS).bindings.map(toCommand),
  }
}

const toCommand = (binding: BindingDefinition) => ({ type: 'bind', ...binding }) as const

async function commitUsers(session: Session, app: AppTopology): Promise<readonly VisibleVersion[]> {
  const { versions } = await session.broker.journals.transact({
    ...commitOf(session),
    journals: () => [],
    decide: ({ access }) => {
      const users = app.users.map((user) => imageOf(user, access.users.get(user.name)))
      const events = reconcileAccess(access, { users, permissions: app.definitions.permissions })
      return { writes: [{ journal: ACCESS_JOURNAL, events }], result: undefined }
    },
  })
  return versions
}

const imageOf = ({ name, password, tags }: AppUser, current: User | undefined) =>
  userImage({ name, tags, limits: {}, hashingAlgorithm: HASHING_ALGORITHM, credentials: { password } }, current)

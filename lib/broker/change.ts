import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import type { VisibleVersion } from '../journal/lease.ts'
import type { Versions } from '../journal/replicas.ts'
import { ACCESS_JOURNAL } from '../journal/table.ts'
import { notFound } from '../model/errors.ts'
import { ulid } from '../model/id.ts'
import { type AccessCommand, decideAccess } from '../topology/access/decide.ts'
import type { AccessState } from '../topology/access/state.ts'
import { decideVhost, type VhostCommand } from '../topology/vhost/decide.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { takeRandomBytes } from './random-bytes.ts'
import type { Session, VhostSession } from './session.ts'

/** Who makes the changes that nobody asks for, in the audit trail. */
export const LEVERET = 'leveret'

/** Whether a command changed anything; a repetition does not. */
export type Change = 'changed' | 'unchanged'

/** A new id: for entities, commits, intents and publishes. */
export const newId = ({ clock }: Pick<Broker, 'clock'>): string => ulid(clock.wallMs(), takeRandomBytes(16))

/**
 * Throws where the user may not make a change. It is asked on the very states that the change is decided on: what is
 * allowed may depend on what exists.
 */
export type Guard = (access: AccessState, vhost: VhostState) => void

/** What else there is to a commit. */
export interface CommitOptions {
  readonly guard?: Guard | undefined
  /** Work outside the database that the events leave behind. Asked on the state that they were decided on. */
  readonly intentsFor?: (vhost: VhostState, events: readonly VhostEvent[]) => readonly Intent[]
}

/**
 * A change that is made, or was made before. A door whose requests follow one another on a connection goes on with the
 * next, and answers this one once it is settled.
 */
export interface Committed<R> {
  readonly result: R
  /** For `SessionRequest.atLeast` of whoever made it. */
  readonly versions: Versions
  /**
   * Resolves once every later request sees the change and what it leaves to be done is done, or noted. Rejects with
   * `unavailable` where a repetition is to finish it.
   */
  readonly settled: Promise<void>
}

/** `finish`: what is to be done once everybody sees the change. */
export function committed<R>(
  { journals }: Broker,
  versions: readonly VisibleVersion[],
  result: R,
  finish: () => Promise<unknown> = () => Promise.resolve(),
): Committed<R> {
  const settled = journals.settled(versions).then(async () => {
    await finish()
  })
  // Not everybody waits for it.
  settled.catch(() => undefined)
  return { result, versions: Object.fromEntries(versions.map(({ journal, version }) => [journal, version])), settled }
}

/** For doors whose requests come alone: what it made, once everybody sees it. */
export async function whenSettled<R>(change: Promise<Committed<R>>): Promise<R> {
  const { result, settled } = await change
  await settled
  return result
}

/** Decides a command on the vhost, commits it, and answers once every later request sees it (docs/architecture.md). */
export async function changeVhost(session: VhostSession, command: VhostCommand, guard?: Guard): Promise<Change> {
  const { changed, versions } = await commitToVhost(session, command, { guard })
  await session.broker.journals.settled(versions)
  return changed ? 'changed' : 'unchanged'
}

/** As {@link changeVhost}, for those who make several changes and wait for the leases once. Its result is the intents. */
export function commitToVhost(
  session: VhostSession,
  command: VhostCommand,
  { guard, intentsFor }: CommitOptions = {},
): Promise<Transacted<readonly Intent[]>> {
  const journal = session.vhost.id
  return session.broker.journals.transact({
    ...commitOf(session),
    journals: (access) => [stillThere(session, access)],
    decide: ({ access, vhosts }) => {
      const state = stateOf(vhosts, journal)
      guard?.(access, state)
      const events = decideVhost(state, command)
      const put = intentsFor?.(state, events) ?? []
      return { writes: [{ journal, events }], intents: { put }, result: put }
    },
  })
}

/** As {@link changeVhost}, for users, permissions, limits and global parameters. */
export async function changeAccess(session: Session, command: AccessCommand): Promise<Change> {
  const { journals } = session.broker
  const { changed, versions } = await journals.transact({
    ...commitOf(session),
    journals: () => [],
    decide: ({ access }) => ({
      writes: [{ journal: ACCESS_JOURNAL, events: decideAccess(access, command) }],
      result: 0,
    }),
  })
  await journals.settled(versions)
  return changed ? 'changed' : 'unchanged'
}

/** What every commit of a session says of itself. */
export const commitOf = ({ broker, arrival, user }: Session) => ({ arrival, who: user.name, commitId: newId(broker) })

/** The vhost's journal id. Throws `not-found` once another vhost, or none, has its name. */
export function stillThere({ vhost }: VhostSession, access: AccessState): string {
  if (access.vhosts.get(vhost.vhost)?.id !== vhost.id) throw notFound()
  return vhost.id
}

export function stateOf(vhosts: ReadonlyMap<string, VhostState>, id: string): VhostState {
  const state = vhosts.get(id)
  if (!state) throw new Error(`the state of journal ${id} was not read`)
  return state
}

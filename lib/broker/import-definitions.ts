import type { VisibleVersion } from '../journal/lease.ts'
import { ACCESS_JOURNAL } from '../journal/table.ts'
import { BrokerError, invalid, unavailable } from '../model/errors.ts'
import type { AccessCommand } from '../topology/access/decide.ts'
import { accessMachine } from '../topology/access/machine.ts'
import { requireVhost } from '../topology/access/vhost.ts'
import type { Definitions, UserDefinition } from '../topology/definitions/definitions.ts'
import { assertNamesKnown, declarationsFor, importIntoAccess, rehearse } from '../topology/definitions/rehearse.ts'
import { type ImportStep, importSteps } from '../topology/definitions/steps.ts'
import { finishEarlierAltering } from './altering-intents.ts'
import { commitOf, newId } from './change.ts'
import { commitPolicies } from './change-policies.ts'
import { importQueues } from './declare-queue.ts'
import { openVhostSessions } from './open-vhost-sessions.ts'
import type { Session, VhostSession } from './session.ts'
import { userImage } from './user-image.ts'
import { commitVhost } from './vhosts.ts'

type Versions = readonly VisibleVersion[]

/** What is left of a request's time then is for the lease wait and the answer (docs/architecture.md). */
const IMPORT_BUDGET_MS = 20_000

/**
 * Merges definitions into the broker (contract §4.2): nothing is deleted, exchanges and queues that exist stay as they
 * are. A file that does not fit the current states is refused as a whole; what was committed before a failure stays, and
 * repeating the import completes it. One lease wait for all of it, and the
 * SQS queues follow what the policies say of them.
 *
 * Throws `invalid`, naming what is wrong; `unavailable` after 20 s, saying how much is done.
 */
export async function importDefinitions(session: Session, definitions: Definitions): Promise<void> {
  const { broker, access } = session
  assertNamesKnown(definitions, access)
  const maker = { user: session.user.name, mintId: () => newId(broker) }
  const users = definitions.users.map((user) => imageOf(session, user))
  const steps = importSteps(definitions, users, maker)
  const existing = [...definitions.contents.keys()].filter((name) => access.vhosts.has(name))
  const vhosts = (await openVhostSessions(session, existing)).map(({ vhost }) => vhost)
  rehearse(steps, { access, vhosts }, maker)
  const { versions, vhostIds } = await runSteps(session, steps)
  await Promise.all([broker.journals.settled(versions), finishEarlierAltering(broker, session.arrival, [...vhostIds])])
}

function imageOf({ access }: Session, definition: UserDefinition) {
  try {
    return userImage(definition, access.users.get(definition.name))
  } catch (error) {
    throw error instanceof BrokerError ? invalid(`user '${definition.name}': ${error.message}`) : error
  }
}

/** What the steps have committed, and the vhosts whose policies may have changed. */
interface Steps {
  readonly versions: Versions
  readonly vhostIds: ReadonlySet<string>
}

async function runSteps(session: Session, steps: readonly ImportStep[]): Promise<Steps> {
  const versions: VisibleVersion[] = []
  const vhostIds = new Set<string>()
  const total = steps.reduce((sum, { count }) => sum + count, 0)
  let done = 0
  for (const step of steps) {
    assertInTime(session, done, total)
    versions.push(...(await runStep(session, step, vhostIds)))
    done += step.count
  }
  return { versions, vhostIds }
}

function assertInTime({ broker, arrival }: Session, done: number, total: number): void {
  if (broker.clock.monotonicMs() - arrival.monotonicMs < IMPORT_BUDGET_MS) return
  throw unavailable(`${done} of ${total} done: repeat the import to go on`, { retryAfterS: 1 })
}

async function runStep(session: Session, step: ImportStep, vhostIds: Set<string>): Promise<Versions> {
  if (step.type === 'access') return commitToAccess(session, step.commands)
  if (step.type === 'vhost') return (await commitVhost(session, step.declaration)).versions
  const vhostSession = await currentSession(session, step.vhost)
  vhostIds.add(vhostSession.vhost.id)
  if (step.type === 'items') return (await commitPolicies(vhostSession, step.command)).versions
  return importQueues(vhostSession, declarationsFor(step.queues, requireVhost(vhostSession.access, step.vhost)))
}

/** A session that sees the earlier steps. */
async function currentSession(session: Session, vhost: string): Promise<VhostSession> {
  const [current] = await openVhostSessions({ ...session, arrival: session.broker.journals.arrival() }, [vhost])
  if (current) return current
  throw unavailable(`vhost '${vhost}' was deleted while it was imported into: repeat the import`, { retryAfterS: 1 })
}

async function commitToAccess(session: Session, commands: readonly AccessCommand[]): Promise<Versions> {
  const { versions } = await session.broker.journals.transact({
    ...commitOf(session),
    journals: () => [],
    decide: ({ access }) => {
      const copy = accessMachine.restore(accessMachine.snapshot(access))
      return { writes: [{ journal: ACCESS_JOURNAL, events: importIntoAccess(copy, commands) }], result: undefined }
    },
  })
  return versions
}

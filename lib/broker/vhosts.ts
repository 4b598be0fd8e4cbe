import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import { ACCESS_JOURNAL } from '../journal/table.ts'
import { ownSqsNames } from '../model/queue.ts'
import { decideAccess } from '../topology/access/decide.ts'
import type { AccessEvent } from '../topology/access/events.ts'
import { type PutVhost, requireVhost } from '../topology/access/vhost.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import { predefinedExchanges } from '../topology/vhost/exchange.ts'
import type { Broker } from './broker.ts'
import { commitOf, newId, stateOf } from './change.ts'
import type { Session } from './session.ts'
import { deletingIntents, finishDeletingOrLeave } from './sqs-intents.ts'

/** What a declaration says of a vhost. */
export type VhostDeclaration = Omit<PutVhost, 'type' | 'id' | 'user'>

/** Makes a vhost with its predefined exchanges, or changes what the declaration names of an existing one (contract §1.2). */
export async function createOrUpdateVhost(
  session: Session,
  declaration: VhostDeclaration,
): Promise<'created' | 'existing'> {
  const { result, versions } = await commitVhost(session, declaration)
  await session.broker.journals.settled(versions)
  return result ? 'created' : 'existing'
}

/** As {@link createOrUpdateVhost}, for those who make several changes and wait for the leases once; whether it was made. */
export function commitVhost(session: Session, declaration: VhostDeclaration): Promise<Transacted<boolean>> {
  const { broker, user } = session
  const command: PutVhost = { type: 'put-vhost', id: newId(broker), user: user.name, ...declaration }
  return broker.journals.transact({
    ...commitOf(session),
    journals: () => [],
    decide: ({ access }) => {
      const events = decideAccess(access, command)
      const writes = [{ journal: ACCESS_JOURNAL, events }, ...openedVhosts(broker, events, user.name)]
      return { writes, result: writes.length > 1 }
    },
  })
}

/** The journals that come into being with the vhosts that these events create. */
export function openedVhosts(broker: Broker, events: readonly AccessEvent[], user: string) {
  return events.flatMap((event) => {
    if (event.type !== 'vhost-created') return []
    const { id, name } = event.vhost
    const exchanges = predefinedExchanges(user, () => newId(broker))
    const opened: VhostEvent = { type: 'vhost-opened', id, name, exchanges }
    return [{ journal: id, events: [opened], create: true as const }]
  })
}

/** Deletes a vhost and all that is in it (contract §1.2): one transaction seals its journal and takes its name away. */
export async function removeVhost(session: Session, name: string): Promise<void> {
  const { broker } = session
  const { result: intents, versions } = await broker.journals.transact({
    ...commitOf(session),
    journals: (access) => [requireVhost(access, name).id],
    decide: ({ access, vhosts }) => {
      const { id } = requireVhost(access, name)
      const events = decideAccess(access, { type: 'delete-vhost', name })
      const put = deletingIntents(broker, sqsNamesIn(stateOf(vhosts, id)))
      const writes = [
        { journal: ACCESS_JOURNAL, events },
        { journal: id, events: [], seal: true as const },
      ]
      return { writes, intents: { put }, result: put satisfies Intent[] }
    },
  })
  await broker.journals.settled(versions)
  await finishDeletingOrLeave(broker, intents)
}

/** The physical names of all SQS queues that go with the vhost's queues. */
export const sqsNamesIn = (vhost: ReturnType<typeof stateOf>): string[] =>
  Array.from(vhost.queues(), ({ queue }) => ownSqsNames(queue)).flat()

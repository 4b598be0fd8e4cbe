import { assertMayBindFrom, assertMayBindTo } from '../access/permissions.ts'
import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { assertNotDefaultExchange, type Bind, type Ends, findBinding } from '../topology/vhost/binding.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import { assertUnlocked } from '../topology/vhost/exclusive.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import {
  type Committed,
  commitOf,
  commitToVhost,
  committed,
  type Guard,
  stateOf,
  stillThere,
  whenSettled,
} from './change.ts'
import { finishReplayingOrLeave, keptCountOf, replayIntent } from './replay.ts'
import type { VhostSession } from './session.ts'

/** A binding by the names of its ends. */
export type NamedBinding = Ends & { readonly routingKey: string; readonly arguments: AmqpTable }

/** Binds a destination to an exchange, or finds it bound so already (contract §1.2). */
export const bindTo = (session: VhostSession, binding: NamedBinding): Promise<'created' | 'existing'> =>
  whenSettled(commitBinding(session, binding))

/** As {@link bindTo}, for doors with connections. */
export async function commitBinding(
  session: VhostSession,
  binding: NamedBinding,
): Promise<Committed<'created' | 'existing'>> {
  const { broker } = session
  const permitted = mayBind(session, binding, () => binding.routingKey)
  const guard: Guard = (access, vhost) => {
    permitted(access, vhost)
    assertDestinationUnlocked(session, binding, vhost)
  }
  const { result: intent, versions, changed } = await commitBind(session, { type: 'bind', ...binding }, guard)
  return committed(broker, versions, changed ? 'created' : 'existing', async () => {
    if (intent) await finishReplayingOrLeave(broker, intent)
  })
}

/** What the source keeps for a new binding is sent when the binding is known to everybody; the intent says so until then. */
function commitBind(session: VhostSession, command: Bind, guard: Guard): Promise<Transacted<Intent | undefined>> {
  const { broker, vhost } = session
  return broker.journals.transact({
    ...commitOf(session),
    journals: (access) => [stillThere(session, access)],
    decide: ({ access, vhosts, heads }) => {
      const state = stateOf(vhosts, vhost.id)
      guard(access, state)
      const events = decideVhost(state, command)
      const intent = replayOf(session, state, events, (heads.get(vhost.id)?.version ?? 0) + 1)
      const writes = [{ journal: vhost.id, events }]
      return intent ? { writes, intents: { put: [intent] }, result: intent } : { writes, result: undefined }
    },
  })
}

function replayOf(
  { broker, vhost }: VhostSession,
  state: VhostState,
  [event]: readonly VhostEvent[],
  version: number,
): Intent | undefined {
  if (event?.type !== 'bound') return undefined
  const { sourceId: exchangeId, destination } = event.binding
  const count = keptCountOf(state, state.exchangeById(exchangeId)?.exchange.name ?? '')
  if (count === 0) return undefined
  return replayIntent(broker, { vhostId: vhost.id, exchangeId, destination, count, version })
}

/** Takes a binding away, and with it what is deleted with its last one (contract §2.3). */
export const unbindFrom = (session: VhostSession, binding: KeyedBinding): Promise<void> =>
  whenSettled(commitUnbinding(session, binding))

/** A binding by the names of its ends and the handle that tells it from others between them. */
type KeyedBinding = Ends & { readonly propertiesKey: string }

/** As {@link unbindFrom}, for doors with connections. */
export async function commitUnbinding(session: VhostSession, binding: KeyedBinding): Promise<Committed<void>> {
  const found = (vhost: VhostState) => findBinding(vhost, binding, binding.propertiesKey)
  const mayUnbind = mayBind(session, binding, (vhost) => found(vhost)?.routingKey ?? '')
  const guard: Guard = (access, vhost) => {
    mayUnbind(access, vhost)
    if (found(vhost)) assertDestinationUnlocked(session, binding, vhost)
  }
  const { versions } = await commitToVhost(session, { type: 'unbind', ...binding }, { guard })
  return committed(session.broker, versions, undefined)
}

const mayBind =
  ({ user }: VhostSession, ends: Ends, keyOf: (vhost: VhostState) => string): Guard =>
  (access, vhost) => {
    const source = { name: ends.source, type: vhost.exchangeByName(ends.source)?.exchange.type }
    const destination = { type: ends.destinationType, name: ends.destination }
    assertMayBindTo(access, user, vhost.vhost, destination)
    assertNotDefaultExchange(ends)
    assertMayBindFrom(access, user, vhost.vhost, { source, routingKey: keyOf(vhost) })
  }

/** A queue that another connection has for itself. */
function assertDestinationUnlocked({ connection }: VhostSession, ends: Ends, vhost: VhostState): void {
  const queue = ends.destinationType === 'queue' ? vhost.queueByName(ends.destination) : undefined
  if (queue) assertUnlocked(queue, connection, vhost.vhost)
}

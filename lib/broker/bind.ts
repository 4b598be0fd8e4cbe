import { assertMayBind } from '../access/permissions.ts'
import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import type { User } from '../model/user.ts'
import { type Bind, type Ends, findBinding } from '../topology/vhost/binding.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { changeVhost, commitOf, type Guard, stateOf, stillThere } from './change.ts'
import { finishReplayingOrLeave, keptCountOf, replayIntent } from './replay.ts'
import type { VhostSession } from './session.ts'

/** Binds a destination to an exchange, or finds it bound so already (contract §1.2). */
export async function bindTo(
  session: VhostSession,
  binding: Ends & { readonly routingKey: string; readonly arguments: AmqpTable },
): Promise<'created' | 'existing'> {
  const guard = mayBind(session.user, binding, () => binding.routingKey)
  const { broker } = session
  const { result: intent, versions, changed } = await commitBinding(session, { type: 'bind', ...binding }, guard)
  await broker.journals.settled(versions)
  if (intent) await finishReplayingOrLeave(broker, intent)
  return changed ? 'created' : 'existing'
}

/** What the source keeps for a new binding is sent when the binding is known to everybody; the intent says so until then. */
function commitBinding(session: VhostSession, command: Bind, guard: Guard): Promise<Transacted<Intent | undefined>> {
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
export async function unbindFrom(
  session: VhostSession,
  binding: Ends & { readonly propertiesKey: string },
): Promise<void> {
  const keyOf = (vhost: VhostState) => findBinding(vhost, binding, binding.propertiesKey)?.routingKey ?? ''
  await changeVhost(session, { type: 'unbind', ...binding }, mayBind(session.user, binding, keyOf))
}

const mayBind =
  (user: User, ends: Ends, keyOf: (vhost: VhostState) => string): Guard =>
  (access, vhost) => {
    const source = { name: ends.source, type: vhost.exchangeByName(ends.source)?.exchange.type }
    const destination = { type: ends.destinationType, name: ends.destination }
    assertMayBind(access, user, vhost.vhost, { source, destination, routingKey: keyOf(vhost) })
  }

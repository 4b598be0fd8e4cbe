import { assertMayBind } from '../access/permissions.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import type { User } from '../model/user.ts'
import { type Ends, findBinding } from '../topology/vhost/binding.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { changeVhost, type Guard } from './change.ts'
import type { VhostSession } from './session.ts'

/** Binds a destination to an exchange, or finds it bound so already (contract §1.2). */
export async function bindTo(
  session: VhostSession,
  binding: Ends & { readonly routingKey: string; readonly arguments: AmqpTable },
): Promise<'created' | 'existing'> {
  const guard = mayBind(session.user, binding, () => binding.routingKey)
  return (await changeVhost(session, { type: 'bind', ...binding }, guard)) === 'changed' ? 'created' : 'existing'
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

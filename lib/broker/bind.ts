import { assertMayBind } from '../access/permissions.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { type Ends, findBinding } from '../topology/vhost/binding.ts'
import { changeVhost } from './change.ts'
import type { VhostSession } from './session.ts'

/** Binds a destination to an exchange, or finds it bound so already (contract §1.2). */
export async function bindTo(
  session: VhostSession,
  binding: Ends & { readonly routingKey: string; readonly arguments: AmqpTable },
): Promise<'created' | 'existing'> {
  assertMayBindEnds(session, binding, binding.routingKey)
  return (await changeVhost(session, { type: 'bind', ...binding })) === 'changed' ? 'created' : 'existing'
}

/** Takes a binding away, and with it what is deleted with its last one (contract §2.3). */
export async function unbindFrom(
  session: VhostSession,
  binding: Ends & { readonly propertiesKey: string },
): Promise<void> {
  const routingKey = findBinding(session.vhost, binding, binding.propertiesKey)?.routingKey ?? ''
  assertMayBindEnds(session, binding, routingKey)
  await changeVhost(session, { type: 'unbind', ...binding })
}

function assertMayBindEnds({ access, user, vhost }: VhostSession, ends: Ends, routingKey: string): void {
  const source = { name: ends.source, type: vhost.exchangeByName(ends.source)?.exchange.type }
  const destination = { type: ends.destinationType, name: ends.destination }
  assertMayBind(access, user, vhost.vhost, { source, destination, routingKey })
}

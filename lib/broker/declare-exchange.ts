import { assertMayDeclareExchange } from '../access/permissions.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { alternateExchangeOf, DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { noSuchObject } from '../model/names.ts'
import { requireExchangeType } from '../topology/vhost/exchange.ts'
import { defaultExchange } from '../topology/vhost/reserved-names.ts'
import { type Committed, commitToVhost, committed, type Guard, newId, whenSettled } from './change.ts'
import type { VhostSession } from './session.ts'

export interface ExchangeDeclaration {
  readonly name: string
  readonly exchangeType: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: AmqpTable
}

/** Declares an exchange, or finds that an equivalent one exists (contract §2). */
export const declareExchange = (
  session: VhostSession,
  declaration: ExchangeDeclaration,
): Promise<'created' | 'existing'> => whenSettled(commitExchange(session, declaration))

/** As {@link declareExchange}, for doors with connections. */
export async function commitExchange(
  session: VhostSession,
  declaration: ExchangeDeclaration,
): Promise<Committed<'created' | 'existing'>> {
  const { broker, user } = session
  requireExchangeType(declaration.exchangeType)
  if (declaration.name === DEFAULT_EXCHANGE) throw defaultExchange()
  const command = { type: 'declare-exchange', id: newId(broker), user: user.name, ...declaration } as const
  const guard: Guard = (state, vhost) => {
    assertMayDeclareExchange(state, user, vhost.vhost, {
      name: declaration.name,
      exists: vhost.exchangeByName(declaration.name) !== undefined,
      alternate: alternateExchangeOf(declaration),
    })
  }
  const { changed, versions } = await commitToVhost(session, command, { guard })
  return committed(broker, versions, changed ? 'created' : 'existing')
}

/** For passive declarations, for which nobody needs a permission. Throws `not-found`. */
export function checkExchange({ vhost }: VhostSession, name: string): void {
  if (name === DEFAULT_EXCHANGE) throw defaultExchange()
  if (!vhost.exchangeByName(name)) throw noSuchObject('exchange', name, vhost.vhost)
}

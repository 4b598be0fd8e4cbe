import { assertMayDeclareExchange } from '../access/permissions.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { alternateExchangeOf } from '../model/exchange.ts'
import { requireExchangeType } from '../topology/vhost/exchange.ts'
import { changeVhost, newId } from './change.ts'
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
export async function declareExchange(
  session: VhostSession,
  declaration: ExchangeDeclaration,
): Promise<'created' | 'existing'> {
  const { broker, user } = session
  requireExchangeType(declaration.exchangeType)
  const command = { type: 'declare-exchange', id: newId(broker), user: user.name, ...declaration } as const
  const change = await changeVhost(session, command, (access, vhost) => {
    assertMayDeclareExchange(access, user, vhost.vhost, {
      name: declaration.name,
      exists: vhost.exchangeByName(declaration.name) !== undefined,
      alternate: alternateExchangeOf(declaration),
    })
  })
  return change === 'changed' ? 'created' : 'existing'
}

import { commitBinding, commitUnbinding } from '../../broker/bind.ts'
import type { Committed } from '../../broker/change.ts'
import { checkExchange, commitExchange } from '../../broker/declare-exchange.ts'
import { commitExchangeDeletion } from '../../broker/delete-exchange.ts'
import { propertiesKey } from '../../model/binding.ts'
import { BrokerError } from '../../model/errors.ts'
import { stripLineBreaks } from '../../model/names.ts'
import { assertNotSystemExchange } from '../../topology/vhost/exchange.ts'
import type { Channel } from '../channel/channel.ts'
import type { Method } from '../protocol/methods.ts'
import { type Answer, type Handlers, unless } from './outcome.ts'

/** Contract §5. */
export const exchangeMethods: Handlers<'exchange.declare' | 'exchange.delete' | 'exchange.bind' | 'exchange.unbind'> = {
  'exchange.declare': async (channel, method) => {
    const name = stripLineBreaks(method.exchange)
    const { type: exchangeType, durable, autoDelete, internal, arguments: args } = method
    const session = await channel.host.session()
    const ok = unless(method.nowait, { name: 'exchange.declare-ok' })
    if (method.passive) {
      checkExchange(session, name)
      return { method: ok }
    }
    const declaration = { name, exchangeType, durable, autoDelete, internal, arguments: args }
    return answer(channel, await commitExchange(session, declaration), ok)
  },
  'exchange.delete': async (channel, { exchange, ifUnused, nowait }) => {
    const session = await channel.host.session()
    const ok = unless(nowait, { name: 'exchange.delete-ok' })
    const name = stripLineBreaks(exchange)
    assertNotSystemExchange(name, channel.host.vhost)
    const committed = await unlessMissing(commitExchangeDeletion(session, { name, ifUnused }))
    return committed ? answer(channel, committed, ok) : { method: ok }
  },
  'exchange.bind': async (channel, { source, destination, routingKey, nowait, arguments: args }) => {
    const session = await channel.host.session()
    const ends = { source: stripLineBreaks(source), destinationType: 'exchange', destination } as const
    const committed = await commitBinding(session, { ...ends, routingKey, arguments: args })
    return answer(channel, committed, unless(nowait, { name: 'exchange.bind-ok' }))
  },
  'exchange.unbind': async (channel, { source, destination, routingKey, nowait, arguments: args }) => {
    const session = await channel.host.session()
    const ends = { source: stripLineBreaks(source), destinationType: 'exchange', destination } as const
    const ok = unless(nowait, { name: 'exchange.unbind-ok' })
    const unbinding = { ...ends, propertiesKey: propertiesKey(routingKey, args) }
    const committed = await unlessMissing(commitUnbinding(session, unbinding))
    return committed ? answer(channel, committed, ok) : { method: ok }
  },
}

/** The client is told once others see the change; what it does meanwhile is decided on it already. */
export function answer(
  channel: Channel,
  { versions, settled }: Committed<unknown>,
  method: Method | undefined,
): Answer {
  channel.host.saw(versions)
  return { method, settled: method && settled }
}

/** Taking away what is not there is no error (contract §5). */
export async function unlessMissing<T>(change: Promise<T>): Promise<T | undefined> {
  try {
    return await change
  } catch (error) {
    if (error instanceof BrokerError && error.kind === 'not-found') return undefined
    throw error
  }
}

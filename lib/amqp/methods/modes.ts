import { AmqpError } from '../errors.ts'
import type { Handlers } from './outcome.ts'
import { unless } from './outcome.ts'

/** How a channel works from now on. */
export const modeMethods: Handlers<
  | 'access.request'
  | 'channel.flow'
  | 'channel.flow-ok'
  | 'basic.qos'
  | 'confirm.select'
  | 'tx.select'
  | 'tx.commit'
  | 'tx.rollback'
> = {
  // Clients of AMQP 0-8 ask for it; the ticket means nothing.
  'access.request': () => ({ method: { name: 'access.request-ok', ticket: 1 } }),
  'channel.flow': (_channel, { active }) => {
    if (!active) throw new AmqpError(540, 'active=false')
    return { method: { name: 'channel.flow-ok', active } }
  },
  'channel.flow-ok': () => undefined,
  'basic.qos': (channel, { prefetchSize, prefetchCount, global }) => {
    if (prefetchSize !== 0) throw new AmqpError(540, `prefetch_size!=0 (${prefetchSize})`)
    if (global) channel.channelPrefetch = prefetchCount
    else channel.consumerPrefetch = prefetchCount
    return { method: { name: 'basic.qos-ok' }, sent: () => channel.wakeConsumers() }
  },
  'confirm.select': (channel, { nowait }) => {
    channel.publishing.selectConfirm()
    return { method: unless(nowait, { name: 'confirm.select-ok' }) }
  },
  'tx.select': (channel) => {
    channel.publishing.selectTx()
    return { method: { name: 'tx.select-ok' } }
  },
  'tx.commit': async (channel) => {
    await channel.publishing.commit()
    return channel.isOpen ? { method: { name: 'tx.commit-ok' } } : undefined
  },
  'tx.rollback': (channel) => {
    channel.publishing.rollback()
    return { method: { name: 'tx.rollback-ok' } }
  },
}

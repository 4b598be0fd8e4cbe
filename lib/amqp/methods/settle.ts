import type { Channel } from '../channel/channel.ts'
import type { Outstanding } from '../channel/ledger.ts'
import { AmqpError } from '../errors.ts'
import type { Handlers } from './outcome.ts'

/** Contract §4. */
export const settleMethods: Handlers<
  'basic.ack' | 'basic.nack' | 'basic.reject' | 'basic.recover' | 'basic.recover-async'
> = {
  'basic.ack': (channel, { deliveryTag, multiple }) => {
    channel.publishing.settle(take(channel, deliveryTag, multiple), 'ack')
    return undefined
  },
  'basic.nack': (channel, { deliveryTag, multiple, requeue }) => {
    channel.publishing.settle(take(channel, deliveryTag, multiple), requeue ? 'requeue' : 'reject')
    return undefined
  },
  'basic.reject': (channel, { deliveryTag, requeue }) => {
    channel.publishing.settle(take(channel, deliveryTag, false), requeue ? 'requeue' : 'reject')
    return undefined
  },
  'basic.recover': async (channel, { requeue }) => {
    recover(channel, requeue)
    await channel.settling.idle()
    return { method: { name: 'basic.recover-ok' } }
  },
  'basic.recover-async': (channel, { requeue }) => {
    recover(channel, requeue)
    return undefined
  },
}

function take(channel: Channel, tag: number, multiple: boolean): readonly Outstanding[] {
  const taken = channel.ledger.take(tag, multiple)
  if (taken === undefined) throw new AmqpError(406, `unknown delivery tag ${tag}`)
  return taken
}

function recover(channel: Channel, requeue: boolean): void {
  if (!requeue) throw new AmqpError(540, 'requeue=false')
  channel.settling.settle(channel.ledger.takeAll(), 'release')
}

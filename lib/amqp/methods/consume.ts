import { randomBytes } from 'node:crypto'
import { assertMayConsumeFrom } from '../../broker/consuming.ts'
import { REPLY_TO } from '../../broker/reply-queue.ts'
import type { VhostSession } from '../../broker/session.ts'
import { type AmqpTable, fieldOf, integerOf, typeName } from '../../model/amqp-value.ts'
import { describeObject } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import type { Channel } from '../channel/channel.ts'
import { ChannelReplies } from '../channel/reply-consumer.ts'
import { Consumer } from '../consuming/consumer.ts'
import { AmqpError } from '../errors.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import { type Answer, type Handlers, unless } from './outcome.ts'
import { queueNamed } from './queue.ts'

/** Contract §6. */
export const consumeMethods: Handlers<'basic.consume' | 'basic.cancel' | 'basic.cancel-ok'> = {
  'basic.consume': async (channel, method) => {
    const name = queueNamed(channel, method.queue)
    const tag = method.consumerTag === '' ? newTag() : method.consumerTag
    if (channel.consumers.has(tag) || channel.replies?.tag === tag)
      throw new AmqpError(530, `attempt to reuse consumer tag '${tag}'`)
    const session = await channel.host.session()
    return name === REPLY_TO
      ? consumeReplies(channel, session, tag, method)
      : consume(channel, session, { ...method, queue: name }, tag)
  },
  'basic.cancel': async (channel, { consumerTag, nowait }) => {
    const consumer = channel.consumers.get(consumerTag)
    channel.consumers.delete(consumerTag)
    if (consumer) await channel.host.gateway.consumers.end(consumer)
    if (channel.replies?.tag === consumerTag) {
      channel.replies.end()
      channel.replies = undefined
    }
    return { method: unless(nowait, { name: 'basic.cancel-ok', consumerTag }) }
  },
  'basic.cancel-ok': () => undefined,
}

/** 22 characters, as RabbitMQ makes them. */
const newTag = (): string => `amq.ctag-${randomBytes(16).toString('base64url')}`

async function consume(
  channel: Channel,
  session: VhostSession,
  method: MethodNamed<'basic.consume'>,
  tag: string,
): Promise<Answer> {
  const { gateway } = channel.host
  const queue = assertMayConsumeFrom(session, method.queue)
  const priority = priorityOf(method.arguments, queue, session)
  if (queue.type === 'quorum' && channel.channelPrefetch > 0) {
    throw new AmqpError(540, `${describeObject('queue', queue.name, channel.host.vhost)} does not support global qos`)
  }
  const feed = gateway.feeds.open(session, queue)
  const consumer = new Consumer({
    tag,
    vhostId: session.vhost.id,
    queue,
    channel,
    feed,
    noAck: method.noAck,
    exclusive: method.exclusive,
    priority,
    prefetchCount: channel.consumerPrefetch,
    arguments: method.arguments,
  })
  await gateway.consumers.begin(session, consumer)
  if (!channel.isOpen) {
    await gateway.consumers.end(consumer)
    return {}
  }
  channel.consumers.set(tag, consumer)
  // The first delivery comes after the answer.
  return { method: unless(method.nowait, { name: 'basic.consume-ok', consumerTag: tag }), sent: () => consumer.begin() }
}

function priorityOf(args: AmqpTable, { name }: Queue, { vhost: { vhost } }: VhostSession): number {
  const value = fieldOf(args, 'x-priority')
  if (value === undefined) return 0
  const priority = integerOf(value)
  if (priority !== undefined) return Number(priority)
  const object = describeObject('queue', name, vhost)
  throw new AmqpError(406, `invalid arg 'x-priority' for ${object}: "expected integer, got ${typeName(value)}"`)
}

function consumeReplies(
  channel: Channel,
  session: VhostSession,
  tag: string,
  { noAck, nowait }: MethodNamed<'basic.consume'>,
): Answer {
  if (channel.replies !== undefined) throw new AmqpError(406, 'reply consumer already set')
  if (!noAck) throw new AmqpError(406, 'reply consumer cannot acknowledge')
  channel.replies = new ChannelReplies(channel, session, tag)
  return { method: unless(nowait, { name: 'basic.consume-ok', consumerTag: tag }) }
}

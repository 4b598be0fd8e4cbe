import { assertMayConsumeFrom } from '../../broker/consuming.ts'
import { noteUse } from '../../broker/note-use.ts'
import { noSuchObject } from '../../model/names.ts'
import type { Channel } from '../channel/channel.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import { isReplyTo } from '../temporary/reply-address.ts'
import type { Answer } from './execute.ts'
import { queueNamed } from './queue.ts'

const EMPTY: Answer = { method: { name: 'basic.get-empty' } }

/** Contract §5, §9: one message, if there is one. */
export async function get(channel: Channel, { queue: named, noAck }: MethodNamed<'basic.get'>): Promise<Answer> {
  const { host } = channel
  const session = await host.session()
  const name = queueNamed(channel, named)
  if (isReplyTo(name)) throw noSuchObject('queue', name, host.vhost)
  const queue = assertMayConsumeFrom(session, name)
  await noteUse(session, queue)
  const feed = host.gateway.feeds.open(session, queue)
  const got = await feed.get()
  if (got === undefined) return EMPTY
  const { delivery, readyLeft: messageCount } = got
  // Deleted first, then sent: it is never delivered twice.
  if (noAck && !(await feed.settle([delivery], 'ack'))[0]) return EMPTY
  if (!channel.isOpen) {
    if (!noAck) await feed.settle([delivery], 'release')
    return EMPTY
  }
  const address = channel.noteDelivery(delivery, feed, noAck ? undefined : { consumer: undefined })
  host.sendContent(channel.number, { name: 'basic.get-ok', ...address, messageCount }, delivery.message)
  return {}
}

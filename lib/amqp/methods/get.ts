import { assertMayConsumeFrom } from '../../broker/consuming.ts'
import { noteUse } from '../../broker/note-use.ts'
import { REPLY_TO } from '../../broker/reply-queue.ts'
import { noSuchObject } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import type { Channel } from '../channel/channel.ts'
import type { Feed } from '../consuming/feed.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import type { Answer } from './outcome.ts'
import { queueNamed } from './queue.ts'

const EMPTY: Answer = { method: { name: 'basic.get-empty' } }

/** Contract §5, §9: one message, if there is one. */
export async function get(channel: Channel, { queue: named, noAck }: MethodNamed<'basic.get'>): Promise<Answer> {
  const { host } = channel
  const session = await host.session()
  const name = queueNamed(channel, named)
  if (name === REPLY_TO) throw noSuchObject('queue', name, host.vhost)
  const queue = assertMayConsumeFrom(session, name)
  await noteUse(session, queue)
  host.gateway.temporary.used(queue)
  const feed = host.gateway.feeds.open(session, queue)
  const got = await getFrom(channel, feed, queue, noAck ? 'get_no_ack' : 'get')
  if (got === undefined) {
    session.broker.statistics.foundEmpty(session.vhost.id, queue.id)
    return EMPTY
  }
  const { delivery, readyLeft: messageCount } = got
  // Deleted first, then sent: it is never delivered twice.
  if (noAck && !(await feed.settle([delivery], 'discard'))[0]) return EMPTY
  if (!channel.isOpen) {
    if (!noAck) await feed.settle([delivery], 'release')
    return EMPTY
  }
  const address = channel.noteDelivery(delivery, feed, noAck ? undefined : { consumer: undefined })
  host.sendContent(channel.number, { name: 'basic.get-ok', ...address, messageCount }, delivery.message)
  return {}
}

/** What was confirmed before is found, though it may be on its way into this process still. */
async function getFrom(
  { host }: Channel,
  feed: Feed,
  queue: Queue,
  kind: Parameters<Feed['get']>[0],
): ReturnType<Feed['get']> {
  const got = await feed.get(kind)
  if (got !== undefined || !queue.exclusive) return got
  await host.gateway.caughtUp(queue)
  return feed.get(kind)
}

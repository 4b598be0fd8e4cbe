import { commitBinding, commitUnbinding } from '../../broker/bind.ts'
import { checkQueue, commitQueue } from '../../broker/declare-queue.ts'
import { commitQueueDeletion } from '../../broker/delete-queue.ts'
import { purgeQueue } from '../../broker/purge-queue.ts'
import { isReplyName, REPLY_TO } from '../../broker/reply-queue.ts'
import type { VhostSession } from '../../broker/session.ts'
import { propertiesKey } from '../../model/binding.ts'
import { noSuchObject, stripLineBreaks } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import type { Channel } from '../channel/channel.ts'
import { AmqpError } from '../errors.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import { answer, unlessMissing } from './exchange.ts'
import { type Answer, type Handlers, unless } from './outcome.ts'

/** Contract §5. */
export const queueMethods: Handlers<'queue.declare' | 'queue.bind' | 'queue.unbind' | 'queue.purge' | 'queue.delete'> =
  {
    'queue.declare': (channel, method) => {
      const name = stripLineBreaks(method.queue)
      if (name === REPLY_TO || isReplyName(name)) return declareReplyQueue(channel, name, method.nowait)
      return method.passive ? declarePassive(channel, name, method.nowait) : declare(channel, name, method)
    },
    'queue.bind': async (channel, method) => {
      const session = await channel.host.session()
      const binding = { ...bindingOf(channel, method), arguments: method.arguments }
      return answer(channel, await commitBinding(session, binding), unless(method.nowait, { name: 'queue.bind-ok' }))
    },
    'queue.unbind': async (channel, method) => {
      const session = await channel.host.session()
      const { routingKey, ...ends } = bindingOf(channel, method)
      const unbinding = { ...ends, propertiesKey: propertiesKey(routingKey, method.arguments) }
      const committed = await unlessMissing(commitUnbinding(session, unbinding))
      const ok = { name: 'queue.unbind-ok' } as const
      return committed ? answer(channel, committed, ok) : { method: ok }
    },
    'queue.purge': async (channel, { queue, nowait }) => {
      const session = await channel.host.session()
      const name = queueNamed(channel, queue)
      const count = await purgeQueue(session, name)
      const messageCount = count + (await purgeMemory(channel, session.vhost.queueByName(name)))
      return { method: unless(nowait, { name: 'queue.purge-ok', messageCount }) }
    },
    'queue.delete': async (channel, method) => {
      const session = await channel.host.session()
      return deleteQueue(channel, session, stripLineBreaks(queueNamed(channel, method.queue)), method)
    },
  }

/** The queue that a name means on this channel: an empty one the queue that was declared last. Its line breaks stay. */
export function queueNamed({ lastQueue }: Channel, name: string): string {
  if (name !== '') return name
  if (lastQueue !== undefined) return lastQueue
  throw new AmqpError(404, 'no previously declared queue')
}

/** Without a queue's name and a key, the key is the name of the queue that was declared last. */
function bindingOf(
  channel: Channel,
  { queue, exchange, routingKey }: Pick<MethodNamed<'queue.bind'>, 'queue' | 'exchange' | 'routingKey'>,
) {
  const destination = stripLineBreaks(queueNamed(channel, queue))
  return {
    source: stripLineBreaks(exchange),
    destinationType: 'queue',
    destination,
    routingKey: queue === '' && routingKey === '' ? destination : routingKey,
  } as const
}

async function declare(channel: Channel, name: string, method: MethodNamed<'queue.declare'>): Promise<Answer> {
  const { durable, autoDelete, exclusive, nowait, arguments: args } = method
  const session = await channel.host.session()
  const committed = await commitQueue(session, { name, durable, autoDelete, exclusive, arguments: args })
  const { queue, outcome } = committed.result
  channel.lastQueue = queue.name
  channel.host.queues.declared(session, queue)
  const counts = outcome === 'created' || nowait ? NO_COUNTS : await channel.host.gateway.countsOf(session, queue)
  return answer(channel, committed, unless(nowait, { name: 'queue.declare-ok', queue: queue.name, ...counts }))
}

const NO_COUNTS = { messageCount: 0, consumerCount: 0 } as const

async function declarePassive(channel: Channel, name: string, nowait: boolean): Promise<Answer> {
  const session = await channel.host.session()
  const queue = checkQueue(session, name)
  channel.lastQueue = queue.name
  channel.host.queues.declared(session, queue)
  const counts = nowait ? NO_COUNTS : await channel.host.gateway.countsOf(session, queue)
  return { method: unless(nowait, { name: 'queue.declare-ok', queue: queue.name, ...counts }) }
}

/** Whoever answers a request may ask whether somebody still waits for it. */
async function declareReplyQueue(channel: Channel, queue: string, nowait: boolean): Promise<Answer> {
  if (queue !== REPLY_TO && !(await channel.host.gateway.isReplyExpected(await channel.host.session(), queue))) {
    throw noSuchObject('queue', queue, channel.host.vhost)
  }
  channel.lastQueue = queue
  return { method: unless(nowait, { name: 'queue.declare-ok', queue, messageCount: 0, consumerCount: 1 }) }
}

async function deleteQueue(
  channel: Channel,
  session: VhostSession,
  name: string,
  { ifUnused, ifEmpty, nowait }: MethodNamed<'queue.delete'>,
): Promise<Answer> {
  const { gateway } = channel.host
  const existing = session.vhost.queueByName(name)
  const { messageCount, consumerCount } = existing ? await gateway.countsOf(session, existing) : NO_COUNTS
  if (existing && ifUnused && consumerCount > 0) throw refusal(session, existing, 'in use')
  if (existing?.exclusive && ifEmpty && !gateway.temporary.isEmpty(existing))
    throw refusal(session, existing, 'not empty')
  const ok = unless(nowait, { name: 'queue.delete-ok', messageCount })
  // Where the deletion fails, so does the channel.
  if (existing) channel.deleting.add(existing.id)
  const committed = await commitQueueDeletion(session, { name, ifEmpty })
  return { ...answer(channel, committed, ok), sent: () => existing && deleted(channel, existing) }
}

function deleted({ deleting, host: { gateway } }: Channel, queue: Queue): void {
  deleting.delete(queue.id)
  void gateway.queueGone(queue)
}

const refusal = ({ vhost: { vhost } }: VhostSession, { name }: Queue, why: string): AmqpError =>
  new AmqpError(406, `queue '${name}' in vhost '${vhost}' ${why}`)

/** What is in the memory of this gateway; nothing of other queues. */
async function purgeMemory({ host: { gateway } }: Channel, queue: Queue | undefined): Promise<number> {
  if (!queue?.exclusive) return 0
  await gateway.caughtUp(queue)
  return gateway.temporary.purge(queue)
}

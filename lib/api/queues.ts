import { allConnections } from '../broker/connections.ts'
import { declareQueue } from '../broker/declare-queue.ts'
import { deleteQueue } from '../broker/delete-queue.ts'
import { purgeQueue } from '../broker/purge-queue.ts'
import { sqsAddresses } from '../broker/queue-counts.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { isSameConnection } from '../model/connection.ts'
import { notFound } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { argumentsField, bodyObject, booleanField } from './body.ts'
import { connectionDetails, consumersOf, renderConsumer } from './connection-items.ts'
import type { Api, ApiContext } from './env.ts'
import { type Augmentation, itemAnswer, listAnswer } from './list.ts'
import { queryFlag, segment } from './path.ts'
import { QUEUE_ORDER, type QueueItem, queueAugmentations, queueItems, renderQueue } from './queue-items.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management' }

/** Contract §1.2. */
export function queueRoutes(api: Api): void {
  const listAll = withSession(MANAGEMENT, async (c, session) =>
    listQueues(c, session, await listedSessions(c, session)),
  )
  api.get('/queues', listAll)
  api.get('/queues/detailed', listAll)
  api.get(
    '/queues/:vhost',
    withVhost(MANAGEMENT, (c, session) => listQueues(c, session, [session])),
  )

  api.get('/queues/:vhost/:queue', withVhost(MANAGEMENT, showQueue))

  api.put(
    '/queues/:vhost/:queue',
    withVhost(MANAGEMENT, async (c, session) => {
      const declaration = { name: segment(c, 'queue'), ...parseQueue(bodyObject(c)) }
      return created(c, await declareQueue(session, declaration))
    }),
  )

  api.delete(
    '/queues/:vhost/:queue',
    withVhost(MANAGEMENT, async (c, session) => {
      const { name } = requireQueue(session.vhost, segment(c, 'queue'))
      const [ifEmpty, ifUnused] = [queryFlag(c, 'if-empty'), queryFlag(c, 'if-unused')]
      await deleteQueue(session, { name, ifEmpty, ifUnused })
      return noContent(c)
    }),
  )

  api.delete(
    '/queues/:vhost/:queue/contents',
    withVhost(MANAGEMENT, async (c, session) => {
      await purgeQueue(session, requireQueue(session.vhost, segment(c, 'queue')).name)
      return noContent(c)
    }),
  )
}

/** As in RabbitMQ, whoever may see the vhost's queues is told that one is missing before anything else. */
function requireQueue(vhost: VhostState, name: string): Queue {
  const queue = vhost.queueByName(name)
  if (!queue) throw notFound()
  return queue
}

/** In the order in which RabbitMQ complains. */
const parseQueue = (body: AmqpTable) => ({
  autoDelete: booleanField(body, 'auto_delete', false),
  durable: booleanField(body, 'durable', false),
  arguments: argumentsField(body),
})

function listQueues(c: ApiContext, session: Session, sessions: readonly VhostSession[]): Promise<Response> {
  const items = queueItems(sessions)
  const augmentations = queueAugmentations<QueueItem>(c, session, (item) => items.get(item))
  return listAnswer(c, [...items.keys()], { order: QUEUE_ORDER, paged: true, augmentations })
}

function showQueue(c: ApiContext, session: VhostSession): Promise<Response> {
  const { vhost } = session
  const queue = requireQueue(vhost, segment(c, 'queue'))
  const { urls, arns } = sqsAddresses(session, queue)
  const item = {
    ...renderQueue(vhost, queue),
    deliveries: [],
    incoming: [],
    sqs_arns: arns,
    sqs_urls: urls,
  }
  return itemAnswer(c, item, [...queueAugmentations(c, session, () => queue), consumers(session, queue)])
}

/** Who consumes from a queue, and who has it for itself. */
const consumers = ({ broker, vhost }: VhostSession, queue: Queue): Augmentation<object> => ({
  fields: new Set(['consumer_details', 'owner_pid_details']),
  async fieldsOf() {
    const connections = await allConnections(broker)
    const owner = connections.find(({ gateway, id }) => isSameConnection(queue.exclusive, { gateway, id }))
    const details = consumersOf(connections.filter((connection) => connection.vhost === vhost.vhost))
      .filter(({ consumer }) => consumer.queue === queue.name)
      .map(renderConsumer)
    return [{ consumer_details: details, ...(owner && { owner_pid_details: connectionDetails(owner) }) }]
  },
})

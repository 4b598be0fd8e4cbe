import { changeAccess } from '../broker/change.ts'
import { openVhostSessions } from '../broker/open-vhost-sessions.ts'
import type { Session } from '../broker/session.ts'
import { createOrUpdateVhost, removeVhost } from '../broker/vhosts.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import type { Vhost } from '../model/vhost.ts'
import { requireVhost } from '../topology/access/vhost.ts'
import { parseTags } from '../topology/definitions/tags.ts'
import { bodyObject, field, optionalBoolean, optionalString, stringField } from './body.ts'
import type { Api, ApiContext } from './env.ts'
import { NODE_NAME } from './identity.ts'
import { lengthsByVhost } from './lengths.ts'
import { type Augmentation, itemAnswer, listAnswer } from './list.ts'
import { messageStats } from './message-stats.ts'
import { queryFlag, segment } from './path.ts'
import { lengthHistory, renderLengths } from './queue-items.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'
import { visibleVhosts } from './visible-vhosts.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.2. */
export function vhostRoutes(api: Api): void {
  api.get(
    '/vhosts',
    withSession({ tag: 'management' }, (c, session) =>
      listAnswer(c, visibleVhosts(session).map(renderVhost), {
        order: ['name'],
        paged: true,
        augmentations: vhostAugmentations(c, session),
      }),
    ),
  )

  api.get(
    '/vhosts/:vhost',
    withSession(ADMINISTRATOR, (c, session) => {
      const item = renderVhost(requireVhost(session.access, segment(c, 'vhost')))
      return itemAnswer(c, item, vhostAugmentations(c, session))
    }),
  )

  api.put(
    '/vhosts/:vhost',
    withSession(ADMINISTRATOR, async (c, session) => {
      const declaration = { name: segment(c, 'vhost'), ...parseVhost(bodyObject(c)) }
      return created(c, await createOrUpdateVhost(session, declaration))
    }),
  )

  api.delete(
    '/vhosts/:vhost',
    withSession(ADMINISTRATOR, async (c, session) => {
      await removeVhost(session, segment(c, 'vhost'))
      return noContent(c)
    }),
  )

  api.post('/vhosts/:vhost/deletion/protection', protection(true))
  api.delete('/vhosts/:vhost/deletion/protection', protection(false))
}

const protection = (isProtected: boolean) =>
  withSession(ADMINISTRATOR, async (c: ApiContext, session) => {
    await changeAccess(session, { type: 'protect-vhost', name: segment(c, 'vhost'), protected: isProtected })
    return noContent(c)
  })

/** As in RabbitMQ a declaration replaces description and tags, also where it has none; the rest stays as it is. */
function parseVhost(body: AmqpTable) {
  return {
    description: stringField(body, 'description', ''),
    tags: parseTags(field(body, 'tags') ?? ''),
    // The second is the spelling of old clients.
    defaultQueueType: optionalString(body, 'default_queue_type') ?? optionalString(body, 'defaultqueuetype'),
    tracing: optionalBoolean(body, 'tracing'),
  }
}

type VhostItem = ReturnType<typeof renderVhost>

/** What is read of vhosts that are answered; `disable_stats` spares it. */
const vhostAugmentations = (c: ApiContext, session: Session): readonly Augmentation<VhostItem>[] =>
  queryFlag(c, 'disable_stats')
    ? []
    : [
        vhostLengths(c, session),
        ...messageStats<VhostItem>(c, session.broker, ({ name }) => ({
          kind: 'vhost',
          id: session.access.vhosts.get(name)?.id ?? '',
        })),
      ]

const LENGTH_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(renderLengths({ ready: 0, unacknowledged: 0 }, undefined)),
)

/** The lengths of all their queues, as far as so many are counted. */
const vhostLengths = (c: ApiContext, session: Session): Augmentation<VhostItem> => ({
  fields: LENGTH_FIELDS,
  async fieldsOf(items) {
    const sessions = await openVhostSessions(
      session,
      items.map(({ name }) => name),
    )
    const lengths = await lengthsByVhost(session, sessions)
    return items.map(({ name }) => {
      const length = lengths?.get(name)
      return length ? renderLengths(length, lengthHistory(c)) : {}
    })
  },
})

/** A vhost as lists and items show it (contract §1.2). */
export function renderVhost(vhost: Vhost) {
  const { name, description, tags, defaultQueueType, tracing, protectedFromDeletion } = vhost
  return {
    cluster_state: { [NODE_NAME]: 'running' },
    default_queue_type: defaultQueueType,
    description,
    metadata: { description, tags, default_queue_type: defaultQueueType },
    name,
    protected_from_deletion: protectedFromDeletion,
    tags,
    tracing,
  }
}

import type { Broker } from '../broker/broker.ts'
import { allConnections } from '../broker/connections.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import { NO_DEFAULT_QUEUE_TYPE } from '../model/vhost.ts'
import { exchangeTypes } from '../routing/exchange-types.ts'
import { CLUSTER_NAME } from '../topology/access/global-parameter.ts'
import { channelsOf, consumersOf } from './connection-items.ts'
import type { Api, ApiContext } from './env.ts'
import { NODE_NAME, PRODUCT_NAME, PRODUCT_VERSION, RABBITMQ_VERSION } from './identity.ts'
import { lengthsByVhost, sum } from './lengths.ts'
import { type Augmentation, itemAnswer } from './list.ts'
import { renderListeners } from './listeners.ts'
import { totalMessageStats } from './message-stats.ts'
import { queryFlag } from './path.ts'
import { lengthHistory, renderLengths } from './queue-items.ts'
import { withRate } from './rates.ts'
import { json } from './respond.ts'
import { withSession } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

/** What is asked for first by every client (contract §1.2). */
export function overviewRoutes(api: Api): void {
  api.get(
    '/overview',
    withSession({ tag: 'management' }, async (c, session) => {
      const sessions = await listedSessions(c, session)
      return itemAnswer(c, renderOverview(c, session), overviewAugmentations(c, session, sessions))
    }),
  )

  api.get(
    '/whoami',
    withSession({ tag: 'management', leased: true }, (c, { user: { name, tags } }) =>
      itemAnswer(c, { name, tags, is_internal_user: true }),
    ),
  )

  api.get(
    '/version',
    withSession({ tag: 'management', leased: true }, (c) => json(c, RABBITMQ_VERSION)),
  )

  api.get(
    '/extensions',
    withSession({ tag: 'management', leased: true }, (c) => json(c, [])),
  )
}

function renderOverview(c: ApiContext, session: Session): object {
  return {
    ...identity(session),
    disable_stats: queryFlag(c, 'disable_stats'),
    enable_queue_totals: queryFlag(c, 'enable_queue_totals'),
    is_op_policy_updating_enabled: true,
    default_queue_type: NO_DEFAULT_QUEUE_TYPE,
    exchange_types: exchangeTypes().map(({ name, description }) => ({ name, description, enabled: true })),
    churn_rates: CHURN_RATES,
    sample_retention_policies: { global: [], basic: [], detailed: [] },
    statistics_db_event_queue: 0,
    node: NODE_NAME,
    listeners: renderListeners(c),
    contexts: [],
  }
}

export const clusterName = ({ access }: Pick<Session, 'access'>) =>
  access.globalParameters.get(CLUSTER_NAME) ?? NODE_NAME

const identity = (session: Session) => ({
  management_version: RABBITMQ_VERSION,
  rates_mode: 'basic',
  product_name: PRODUCT_NAME,
  product_version: PRODUCT_VERSION,
  rabbitmq_version: RABBITMQ_VERSION,
  cluster_name: clusterName(session),
  cluster_tags: {},
  node_tags: {},
  erlang_version: 'none',
  erlang_full_version: 'none',
  crypto_lib_version: 'none',
})

const CHURN_RATES = Object.assign(
  {},
  ...['connection', 'channel'].flatMap((kind) => [withRate(`${kind}_created`, 0), withRate(`${kind}_closed`, 0)]),
  ...['declared', 'created', 'deleted'].map((what) => withRate(`queue_${what}`, 0)),
)

/** How many objects there are in these vhosts. */
export async function objectTotals(broker: Broker, sessions: readonly VhostSession[]) {
  const total = (count: (session: VhostSession) => number) => sessions.reduce((all, session) => all + count(session), 0)
  const vhosts = new Set(sessions.map(({ vhost }) => vhost.vhost))
  const connections = (await allConnections(broker)).filter(({ vhost }) => vhosts.has(vhost))
  return {
    channels: channelsOf(connections).length,
    connections: connections.length,
    consumers: consumersOf(connections).length,
    // The default exchange is in no state.
    exchanges: total(({ vhost }) => vhost.exchangeCount + 1),
    queues: total(({ vhost }) => vhost.queueCount),
  }
}

/** What is read for the overview, where it is asked for; `disable_stats` spares what is not about objects. */
function overviewAugmentations(
  c: ApiContext,
  session: Session,
  sessions: readonly VhostSession[],
): readonly Augmentation<object>[] {
  const objects = {
    fields: new Set(['object_totals']),
    fieldsOf: async () => [{ object_totals: await objectTotals(session.broker, sessions) }],
  }
  if (queryFlag(c, 'disable_stats')) return [objects]
  const ids = sessions.map(({ vhost }) => vhost.id)
  return [
    objects,
    {
      fields: new Set(['queue_totals']),
      fieldsOf: async () => [{ queue_totals: await queueTotals(c, session, sessions) }],
    },
    {
      fields: new Set(['message_stats']),
      fieldsOf: async () => [{ message_stats: await totalMessageStats(c, session.broker, ids) }],
    },
  ]
}

async function queueTotals(c: ApiContext, session: Session, sessions: readonly VhostSession[]): Promise<object> {
  const lengths = await lengthsByVhost(session, sessions)
  return lengths ? renderLengths(sum([...lengths.values()]), lengthHistory(c)) : {}
}

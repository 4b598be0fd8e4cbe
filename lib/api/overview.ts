import { queueCounts } from '../broker/queue-counts.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import { NO_DEFAULT_QUEUE_TYPE } from '../model/vhost.ts'
import { exchangeTypes } from '../routing/exchange-types.ts'
import { CLUSTER_NAME } from '../topology/access/global-parameter.ts'
import type { Api, ApiContext } from './env.ts'
import { NODE_NAME, PRODUCT_NAME, PRODUCT_VERSION, RABBITMQ_VERSION } from './identity.ts'
import { itemAnswer } from './list.ts'
import { renderListeners } from './listeners.ts'
import { queryFlag } from './path.ts'
import { withRate } from './rates.ts'
import { json } from './respond.ts'
import { withSession } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

/** What is asked for first by every client (contract §1.2). */
export function overviewRoutes(api: Api): void {
  api.get(
    '/overview',
    withSession({ tag: 'management' }, async (c, session) => itemAnswer(c, await renderOverview(c, session))),
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

async function renderOverview(c: ApiContext, session: Session): Promise<object> {
  const sessions = await listedSessions(c, session)
  const objects = objectTotals(sessions)
  return {
    ...identity(session),
    disable_stats: false,
    enable_queue_totals: false,
    is_op_policy_updating_enabled: true,
    default_queue_type: NO_DEFAULT_QUEUE_TYPE,
    exchange_types: exchangeTypes().map(({ name, description }) => ({ name, description, enabled: true })),
    message_stats: {},
    churn_rates: CHURN_RATES,
    sample_retention_policies: { global: [], basic: [], detailed: [] },
    queue_totals: queryFlag(c, 'disable_stats') ? {} : await queueTotals(session, sessions),
    object_totals: objects,
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
export function objectTotals(sessions: readonly VhostSession[]) {
  const sum = (count: (session: VhostSession) => number) =>
    sessions.reduce((total, session) => total + count(session), 0)
  return {
    channels: 0,
    connections: 0,
    consumers: 0,
    // The default exchange is in no state.
    exchanges: sum(({ vhost }) => vhost.exchangeCount + 1),
    queues: sum(({ vhost }) => vhost.queueCount),
  }
}

/** An overview is asked for by every dashboard; beyond so many queues their lengths are left to the queues' own pages. */
export const MAX_COUNTED_QUEUES = 500

async function queueTotals(session: Session, sessions: readonly VhostSession[]): Promise<object> {
  const queues = sessions.flatMap(({ vhost }) => Array.from(vhost.queues(), ({ queue }) => queue))
  if (queues.length > MAX_COUNTED_QUEUES) return {}
  const counts = [...(await queueCounts(session, queues)).values()]
  const ready = counts.reduce((sum, count) => sum + count.ready, 0)
  const unacknowledged = counts.reduce((sum, count) => sum + count.unacknowledged, 0)
  return {
    ...withRate('messages', ready + unacknowledged),
    ...withRate('messages_ready', ready),
    ...withRate('messages_unacknowledged', unacknowledged),
  }
}

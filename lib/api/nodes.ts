import type { Broker } from '../broker/broker.ts'
import { notFound } from '../model/errors.ts'
import type { Api, ApiContext } from './env.ts'
import { NODE_NAME } from './identity.ts'
import { itemAnswer, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'

const MONITORING: Entry = { tag: 'monitoring', leased: true }

/** Contract §1.6: one pseudo-node, always running. */
export function nodeRoutes(api: Api): void {
  api.get(
    '/nodes',
    withSession(MONITORING, (c, { broker }) => listAnswer(c, [renderNode(broker)], { order: ['name'] })),
  )

  api.get(
    '/nodes/:node',
    withSession(MONITORING, (c, { broker }) => {
      assertNode(c)
      return itemAnswer(c, renderNode(broker))
    }),
  )

  // What RabbitMQ answers where it does not know either.
  api.get(
    '/nodes/:node/memory',
    withSession(MONITORING, (c) => {
      assertNode(c)
      return itemAnswer(c, { memory: 'not_available' })
    }),
  )

  api.post(
    '/rebalance/queues',
    withSession({ tag: 'administrator', leased: true }, (c) => noContent(c)),
  )
}

function assertNode(c: ApiContext): void {
  if (segment(c, 'node') !== NODE_NAME) throw notFound()
}

const GIBIBYTE = 2 ** 30

/** Nothing fills up here, so what is used is 0 and every limit is far away: no dashboard raises an alarm. */
const SYNTHETIC = {
  applications: [],
  being_drained: false,
  cluster_links: [],
  contexts: [],
  disk_free: 1024 * GIBIBYTE,
  disk_free_alarm: false,
  disk_free_limit: 0,
  enabled_plugins: [],
  fd_total: 1024,
  fd_used: 0,
  mem_alarm: false,
  mem_limit: GIBIBYTE,
  mem_used: 0,
  name: NODE_NAME,
  os_pid: '1',
  partitions: [],
  proc_total: 1024,
  proc_used: 0,
  processors: 1,
  rates_mode: 'basic',
  run_queue: 0,
  running: true,
  sockets_total: 1024,
  sockets_used: 0,
  type: 'disc',
}

/** Clients keep the uptime, ms, in 32 bits. */
const MAX_UPTIME_MS = 2 ** 32

const renderNode = ({ clock }: Broker) => ({ ...SYNTHETIC, uptime: Math.floor(clock.monotonicMs()) % MAX_UPTIME_MS })

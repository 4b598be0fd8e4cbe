import { invalid, notFound } from '../model/errors.ts'
import type { Api, ApiContext } from './env.ts'
import { NODE_NAME } from './identity.ts'
import { listeners } from './listeners.ts'
import { segment } from './path.ts'
import { json } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'

const MANAGEMENT: Entry = { tag: 'management' }
const OK = { status: 'ok' }

/** Checks of what a broker without nodes cannot lack. */
const CONSTANT_CHECKS = [
  '/health/checks/alarms',
  '/health/checks/local-alarms',
  '/health/checks/virtual-hosts',
  '/health/checks/is-in-service',
  '/health/checks/ready-to-serve-clients',
  '/health/checks/below-node-connection-limit',
  '/health/checks/metadata-store/initialized',
  '/healthchecks/node',
]

/** Checks of what one node cannot lose to others. */
const SINGLE_NODE_CHECKS = ['/health/checks/node-is-quorum-critical', '/health/checks/node-is-mirror-sync-critical']

/** Contract §1.6. Each has read the access journal before it answers, so all of them fail with the database. */
export function healthRoutes(api: Api): void {
  api.get('/healthz', (c) => json(c, OK))

  for (const path of SINGLE_NODE_CHECKS) {
    api.get(
      path,
      withSession(MANAGEMENT, (c) => json(c, { ...OK, reason: 'single node cluster' })),
    )
  }

  for (const path of CONSTANT_CHECKS) {
    api.get(
      path,
      withSession(MANAGEMENT, (c) => json(c, OK)),
    )
  }

  api.get(
    '/healthchecks/node/:node',
    withSession(MANAGEMENT, (c) => {
      if (segment(c, 'node') !== NODE_NAME) throw notFound()
      return json(c, OK)
    }),
  )

  api.get(
    '/health/checks/port-listener/:port',
    withSession(MANAGEMENT, (c) => checkPort(c)),
  )

  api.get(
    '/health/checks/protocol-listener/:protocol',
    withSession(MANAGEMENT, (c) => checkProtocol(c)),
  )

  api.get(
    '/health/checks/certificate-expiration/:within/:unit',
    withSession(MANAGEMENT, (c) => {
      assertPeriod(segment(c, 'within'), segment(c, 'unit'))
      return json(c, OK)
    }),
  )

  api.get(
    '/aliveness-test/:vhost',
    withVhost(MANAGEMENT, (c) => json(c, OK)),
  )
}

function checkPort(c: ApiContext): Response {
  const text = segment(c, 'port')
  if (!/^\d{1,5}$/.test(text)) throw invalid('Invalid port')
  const [asked, ports] = [Number(text), listeners(c).map(({ port }) => port)]
  if (ports.includes(asked)) return json(c, { ...OK, port: asked })
  return failed(c, { reason: 'No active listener', missing: asked, ports })
}

/** Names that RabbitMQ takes for others, in lower case. */
const PROTOCOL_ALIASES: Readonly<Record<string, string>> = {
  amqp091: 'amqp',
  'amqp0.9.1': 'amqp',
  'amqp0-9-1': 'amqp',
  amqps: 'amqp/ssl',
  management: 'http',
}

function checkProtocol(c: ApiContext): Response {
  const name = segment(c, 'protocol').toLowerCase()
  const asked = Object.hasOwn(PROTOCOL_ALIASES, name) ? (PROTOCOL_ALIASES[name] as string) : name
  const protocols: readonly string[] = listeners(c).map(({ protocol }) => protocol)
  if (protocols.includes(asked)) return json(c, { ...OK, protocols: [asked] })
  return failed(c, { reason: 'No active listener', missing: [asked], protocols })
}

const failed = (c: ApiContext, details: object): Response => json(c, { status: 'failed', ...details }, 503)

const UNITS = ['days', 'weeks', 'months', 'years']

/** The certificate is its front's, which renews it. */
function assertPeriod(within: string, unit: string): void {
  if (!/^\d{1,9}$/.test(within)) throw invalid('Invalid expiration value.')
  if (!UNITS.includes(unit)) {
    throw invalid(`Time unit not recognised. Supported units: ${UNITS.join(', ')}.`)
  }
}

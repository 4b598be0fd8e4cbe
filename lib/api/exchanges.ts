import { declareExchange } from '../broker/declare-exchange.ts'
import { deleteExchange } from '../broker/delete-exchange.ts'
import { type AmqpTable, type AmqpValue, canonicalText } from '../model/amqp-value.ts'
import { invalid, notFound } from '../model/errors.ts'
import { DEFAULT_EXCHANGE, type Exchange } from '../model/exchange.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { argumentsField, bodyObject, booleanField, field } from './body.ts'
import type { Api } from './env.ts'
import { itemAnswer, type ListOptions, listAnswer } from './list.ts'
import { exchangeSegment, queryFlag } from './path.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management' }

/** Contract §1.2. */
export function exchangeRoutes(api: Api): void {
  api.get(
    '/exchanges',
    withSession(MANAGEMENT, async (c, session) => {
      const sessions = await listedSessions(c, session)
      return listAnswer(
        c,
        sessions.flatMap(({ vhost }) => exchangesOf(vhost)),
        LIST,
      )
    }),
  )

  api.get(
    '/exchanges/:vhost',
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, exchangesOf(vhost), LIST)),
  )

  api.get(
    '/exchanges/:vhost/:exchange',
    withVhost(MANAGEMENT, (c, { vhost }) => {
      const item = { ...findExchange(vhost, exchangeSegment(c, 'exchange')), incoming: [], outgoing: [] }
      return itemAnswer(c, item)
    }),
  )

  api.put(
    '/exchanges/:vhost/:exchange',
    withVhost(MANAGEMENT, async (c, session) => {
      const declaration = { name: exchangeSegment(c, 'exchange'), ...parseExchange(bodyObject(c)) }
      return created(c, await declareExchange(session, declaration))
    }),
  )

  api.delete(
    '/exchanges/:vhost/:exchange',
    withVhost(MANAGEMENT, async (c, session) => {
      const { name } = findExchange(session.vhost, exchangeSegment(c, 'exchange'))
      await deleteExchange(session, { name, ifUnused: queryFlag(c, 'if-unused') })
      return noContent(c)
    }),
  )
}

const LIST: ListOptions<ReturnType<typeof renderExchange>> = { order: ['vhost', 'name'], paged: true }

/** In the order in which RabbitMQ complains. */
const parseExchange = (body: AmqpTable) => ({
  autoDelete: booleanField(body, 'auto_delete', false),
  durable: booleanField(body, 'durable', false),
  internal: booleanField(body, 'internal', false),
  arguments: argumentsField(body),
  exchangeType: parseType(field(body, 'type')),
})

function parseType(type: AmqpValue | undefined): string {
  if (type === undefined) return 'direct'
  if (typeof type === 'string' && type !== '') return type
  throw invalid(
    `invalid exchange type '${typeof type === 'string' || type === null ? (type ?? 'null') : canonicalText(type)}'`,
  )
}

/** Every exchange of a vhost, with the default one that nobody declares. */
const exchangesOf = (vhost: VhostState) => [
  renderExchange(vhost, DEFAULT),
  ...Array.from(vhost.exchanges(), ({ exchange }) => renderExchange(vhost, exchange)),
]

function findExchange(vhost: VhostState, name: string) {
  if (name === DEFAULT_EXCHANGE) return renderExchange(vhost, DEFAULT)
  const node = vhost.exchangeByName(name)
  if (!node) throw notFound()
  return renderExchange(vhost, node.exchange)
}

const DEFAULT: Exchange = {
  id: '',
  name: DEFAULT_EXCHANGE,
  type: 'direct',
  durable: true,
  autoDelete: false,
  internal: false,
  arguments: {},
  user: 'rmq-internal',
}

/** An exchange as lists and items show it (contract §1.2). */
function renderExchange(vhost: VhostState, exchange: Exchange) {
  const { policy } = vhost.policiesOfExchange(exchange)
  return {
    arguments: exchange.arguments,
    auto_delete: exchange.autoDelete,
    durable: exchange.durable,
    internal: exchange.internal,
    name: exchange.name,
    ...(policy && { policy: policy.name }),
    type: exchange.type,
    user_who_performed_action: exchange.user,
    vhost: vhost.vhost,
  }
}

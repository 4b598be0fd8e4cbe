import { declareExchange } from '../broker/declare-exchange.ts'
import { deleteExchange } from '../broker/delete-exchange.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import { type AmqpTable, type AmqpValue, canonicalText } from '../model/amqp-value.ts'
import { invalid, notFound } from '../model/errors.ts'
import { DEFAULT_EXCHANGE, type Exchange } from '../model/exchange.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { argumentsField, bodyObject, booleanField, field } from './body.ts'
import type { Api, ApiContext } from './env.ts'
import { itemAnswer, listAnswer } from './list.ts'
import { type CountedObject, messageStats } from './message-stats.ts'
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
      return listExchanges(c, session, await listedSessions(c, session))
    }),
  )

  api.get(
    '/exchanges/:vhost',
    withVhost(MANAGEMENT, (c, session) => listExchanges(c, session, [session])),
  )

  api.get(
    '/exchanges/:vhost/:exchange',
    withVhost(MANAGEMENT, (c, { vhost, broker }) => {
      const exchange = findExchange(vhost, exchangeSegment(c, 'exchange'))
      const item = { ...renderExchange(vhost, exchange), incoming: [], outgoing: [] }
      return itemAnswer(
        c,
        item,
        messageStats(c, broker, () => countedExchange(vhost, exchange)),
      )
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

type ExchangeItem = ReturnType<typeof renderExchange>

function listExchanges(c: ApiContext, { broker }: Session, sessions: readonly VhostSession[]): Promise<Response> {
  const items = new Map<ExchangeItem, CountedObject>()
  for (const { vhost } of sessions) {
    for (const exchange of exchangesOf(vhost))
      items.set(renderExchange(vhost, exchange), countedExchange(vhost, exchange))
  }
  const augmentations = messageStats<ExchangeItem>(c, broker, (item) => items.get(item) ?? UNCOUNTED)
  return listAnswer(c, [...items.keys()], { order: ['vhost', 'name'], paged: true, augmentations })
}

const UNCOUNTED: CountedObject = { kind: 'exchange', id: '' }

/** The default exchange, which has no id, is counted under that of its vhost. */
const countedExchange = (vhost: VhostState, { id }: Exchange): CountedObject => ({
  kind: 'exchange',
  id: id || vhost.id,
})

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
const exchangesOf = (vhost: VhostState): Exchange[] => [
  DEFAULT,
  ...Array.from(vhost.exchanges(), ({ exchange }) => exchange),
]

function findExchange(vhost: VhostState, name: string): Exchange {
  if (name === DEFAULT_EXCHANGE) return DEFAULT
  const node = vhost.exchangeByName(name)
  if (!node) throw notFound()
  return node.exchange
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

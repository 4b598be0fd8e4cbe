import { bindTo, unbindFrom } from '../broker/bind.ts'
import type { VhostSession } from '../broker/session.ts'
import { propertiesKey, quote } from '../model/binding.ts'
import { notFound } from '../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import type { Ends } from '../topology/vhost/binding.ts'
import {
  allBindings,
  BINDING_ORDER,
  type BindingItem,
  bindingsFrom,
  bindingsToExchange,
  bindingsToQueue,
  itemsBetween,
} from './binding-items.ts'
import { argumentsField, bodyObject, stringField } from './body.ts'
import type { Api, ApiContext } from './env.ts'
import { itemAnswer, type ListOptions, listAnswer } from './list.ts'
import { exchangeSegment, segment } from './path.ts'
import { createdAt, noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management' }
/** Leveret's own: RabbitMQ answers all of them, which are more than an answer may hold here. */
const LIST: ListOptions<BindingItem> = {
  order: BINDING_ORDER,
  paged: true,
  searched: ({ source, destination, routing_key: key }) => `${source} ${destination} ${key}`,
}

/** Contract §1.2. */
export function bindingRoutes(api: Api): void {
  listRoutes(api)
  routesBetween(api, 'queue', '/bindings/:vhost/e/:source/q/:destination')
  routesBetween(api, 'exchange', '/bindings/:vhost/e/:source/e/:destination')
}

function listRoutes(api: Api): void {
  api.get(
    '/bindings',
    withSession(MANAGEMENT, async (c, session) => {
      const sessions = await listedSessions(c, session)
      return listAnswer(
        c,
        sessions.flatMap(({ vhost }) => allBindings(vhost)),
        LIST,
      )
    }),
  )
  api.get(
    '/bindings/:vhost',
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, allBindings(vhost), LIST)),
  )
  api.get(
    '/exchanges/:vhost/:exchange/bindings/source',
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, bindingsFrom(vhost, exchangeSegment(c, 'exchange')), LIST)),
  )
  api.get(
    '/exchanges/:vhost/:exchange/bindings/destination',
    withVhost(MANAGEMENT, (c, { vhost }) =>
      listAnswer(c, bindingsToExchange(vhost, exchangeSegment(c, 'exchange')), LIST),
    ),
  )
  api.get(
    '/queues/:vhost/:queue/bindings',
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, bindingsToQueue(vhost, segment(c, 'queue')), LIST)),
  )
}

/** The bindings between two ends: `path` names the ends, and with a properties key below it one binding. */
function routesBetween(
  api: Api,
  destinationType: Ends['destinationType'],
  path: `/bindings/:vhost/e/:source/${'q' | 'e'}/:destination`,
): void {
  const endsOf = (c: ApiContext): Ends => ({
    source: exchangeSegment(c, 'source'),
    destinationType,
    destination: destinationType === 'queue' ? segment(c, 'destination') : exchangeSegment(c, 'destination'),
  })

  api.get(
    path,
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, itemsBetween(vhost, endsOf(c)), LIST)),
  )

  api.post(
    path,
    withVhost(MANAGEMENT, async (c, session) => {
      const body = bodyObject(c)
      const binding = {
        ...endsOf(c),
        routingKey: stringField(body, 'routing_key', ''),
        arguments: argumentsField(body),
      }
      await bindTo(session, binding)
      return createdAt(c, locationOf(binding.destination, propertiesKey(binding.routingKey, binding.arguments)))
    }),
  )

  const requireItem = (c: ApiContext, { vhost }: VhostSession): BindingItem => {
    const [ends, key] = [endsOf(c), segment(c, 'properties')]
    const item = itemsBetween(vhost, ends).find((binding) => binding.properties_key === key)
    // Lists show the default binding of a queue that does not exist as well.
    const isImagined = ends.source === DEFAULT_EXCHANGE && !vhost.queueByName(ends.destination)
    if (!item || isImagined) throw notFound()
    return item
  }

  api.get(
    `${path}/:properties`,
    withVhost(MANAGEMENT, (c, session) => itemAnswer(c, requireItem(c, session))),
  )

  api.delete(
    `${path}/:properties`,
    withVhost(MANAGEMENT, async (c, session) => {
      await unbindFrom(session, { ...endsOf(c), propertiesKey: requireItem(c, session).properties_key })
      return noContent(c)
    }),
  )
}

/** Contract §1.2: relative, with the properties key quoted once more. */
const locationOf = (destination: string, key: string): string => `${quote(destination)}/${quote(key)}`

import { explainPublish } from '../broker/publication.ts'
import { publish } from '../broker/publish.ts'
import { type PublishOutcome, publishBatch } from '../broker/publish-batch.ts'
import type { RouteStep } from '../routing/route-message.ts'
import { bodyArray, bodyObject } from './body.ts'
import type { Api } from './env.ts'
import { channelError, errorBody, throughChannel } from './errors.ts'
import { exchangeSegment } from './path.ts'
import {
  assertPublishFields,
  MAX_PUBLISH_BYTES,
  parsePublishBody,
  parsePublishEntry,
  parseRouteBody,
} from './publish-body.ts'
import { json } from './respond.ts'
import { type Entry, withVhost } from './session.ts'

/** Whoever publishes a message reads no topology: a lease serves. */
const LEASED: Entry = { tag: 'management', leased: true }

/** What function `publish` serves: contract §1.3, and publish/batch and route of docs/api.md. */
export function publishRoutes(api: Api): void {
  api.post(
    '/exchanges/:vhost/:exchange/publish',
    withVhost(LEASED, async (c, session) => {
      const [exchange, body] = [exchangeSegment(c, 'exchange'), bodyObject(c, MAX_PUBLISH_BYTES)]
      assertPublishFields(body)
      const { routed } = await throughChannel(session, () => publish(session, { exchange, ...parsePublishBody(body) }))
      return json(c, { routed })
    }),
  )

  api.post(
    '/exchanges/:vhost/:exchange/publish/batch',
    withVhost(LEASED, async (c, session) => {
      const entries = bodyArray(c, MAX_PUBLISH_BYTES).map(parsePublishEntry)
      const exchange = exchangeSegment(c, 'exchange')
      const outcomes = await throughChannel(session, () => publishBatch(session, exchange, entries))
      return json(c, outcomes.map(renderOutcome))
    }),
  )

  api.post(
    '/exchanges/:vhost/:exchange/route',
    withVhost(LEASED, (c, session) => {
      const message = parseRouteBody(bodyObject(c, MAX_PUBLISH_BYTES))
      const { queues, via } = explainPublish(session, { exchange: exchangeSegment(c, 'exchange'), ...message })
      return json(c, { queues: queues.map(({ name }) => name), via: via.map(renderStep) })
    }),
  )
}

const renderOutcome = (outcome: PublishOutcome): object =>
  'error' in outcome ? errorBody(channelError(outcome.error)) : { routed: outcome.routed }

const renderStep = ({ source, destination, destinationType, routingKey, arguments: args, alternate }: RouteStep) => ({
  source,
  destination,
  destination_type: destinationType,
  routing_key: routingKey,
  arguments: args,
  alternate,
})

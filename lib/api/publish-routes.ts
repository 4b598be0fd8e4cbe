import { explainPublish } from '../broker/publication.ts'
import { publish } from '../broker/publish.ts'
import { publishBatch } from '../broker/publish-batch.ts'
import type { PublishOutcome } from '../broker/publish-many.ts'
import { publishOnce, type RepeatableRequest } from '../broker/publish-once.ts'
import type { VhostSession } from '../broker/session.ts'
import type { RouteStep } from '../routing/route-message.ts'
import { bodyArray, bodyObject, bodyText } from './body.ts'
import type { Api } from './env.ts'
import { channelError, errorBody, throughChannel } from './errors.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { exchangeSegment } from './path.ts'
import {
  assertPublishFields,
  MAX_PUBLISH_BYTES,
  type PublishBody,
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
      const key = idempotencyKey(c)
      const { routed } = await throughChannel(session, () => {
        const message = parsePublishBody(body)
        if (key === undefined) return publish(session, { exchange, ...message })
        return publishAlone(session, { key, exchange, body: bodyText(c) }, message)
      })
      return json(c, { routed })
    }),
  )

  api.post(
    '/exchanges/:vhost/:exchange/publish/batch',
    withVhost(LEASED, async (c, session) => {
      const entries = bodyArray(c, MAX_PUBLISH_BYTES).map(parsePublishEntry)
      const exchange = exchangeSegment(c, 'exchange')
      const key = idempotencyKey(c)
      const outcomes = await throughChannel(session, () =>
        key === undefined
          ? publishBatch(session, exchange, entries)
          : publishOnce(session, { key, exchange, body: bodyText(c) }, entries),
      )
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

/** A request that may be repeated, with one message. */
async function publishAlone(
  session: VhostSession,
  request: RepeatableRequest,
  message: PublishBody,
): Promise<{ routed: boolean }> {
  const [outcome] = await publishOnce(session, request, [message])
  if (outcome && 'error' in outcome) throw outcome.error
  return { routed: outcome?.routed === true }
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

import type { GotMessage } from '../broker/get-input.ts'
import { getMessages } from '../broker/get-messages.ts'
import type { VhostSession } from '../broker/session.ts'
import { type Settlement, settle } from '../broker/settle.ts'
import type { AmqpTable, AmqpValue } from '../model/amqp-value.ts'
import { BrokerError, invalid, notFound } from '../model/errors.ts'
import { assertFields, bodyArray, bodyObject } from './body.ts'
import { redriveRoutes } from './dead-letters.ts'
import type { Api } from './env.ts'
import { errorBody, throughChannel } from './errors.ts'
import { assertGetFields, type GetBody, parseGetBody } from './get-body.ts'
import { segment } from './path.ts'
import { encodePayload, type PayloadForm } from './payload-form.ts'
import { json, noContent } from './respond.ts'
import { type Entry, withVhost } from './session.ts'
import { deliveryTagOf, parseSettlement } from './settle-body.ts'

/** Whoever gets or settles messages reads no topology: a lease serves. */
const LEASED: Entry = { tag: 'management', leased: true }

/** What function `consume` serves: get of contract §1.4, settle and redrive of docs/api.md, and actions. */
export function consumeRoutes(api: Api): void {
  redriveRoutes(api)

  api.post(
    '/queues/:vhost/:queue/get',
    withVhost(LEASED, async (c, session) => {
      const body = bodyObject(c)
      assertGetFields(body)
      return json(c, await throughChannel(session, () => get(session, segment(c, 'queue'), parseGetBody(body))))
    }),
  )

  api.post(
    '/queues/:vhost/:queue/settle',
    withVhost(LEASED, async (c, session) => {
      const entries = bodyArray(c)
      return json(c, await settleEntries(session, segment(c, 'queue'), entries))
    }),
  )

  api.post(
    '/queues/:vhost/:queue/actions',
    withVhost({ tag: 'administrator', leased: true }, (c, { vhost }) => {
      assertAction(bodyObject(c))
      if (!vhost.queueByName(segment(c, 'queue'))) throw notFound()
      return noContent(c)
    }),
  )
}

/** What RabbitMQ can be told to do with the mirrors of a queue. Here there are none, so that it has been done already. */
const ACTIONS: readonly AmqpValue[] = ['sync', 'cancel_sync']

function assertAction(body: AmqpTable): void {
  assertFields(body, ['action'])
  const action = body.action ?? null
  if (!ACTIONS.includes(action)) throw invalid(['unknown', action])
}

async function get(session: VhostSession, queue: string, { form, ...input }: GetBody): Promise<object[]> {
  // What Lambda answers is JSON in a JSON text.
  const encodedSizeOf = (message: GotMessage) =>
    Buffer.byteLength(JSON.stringify(JSON.stringify(renderMessage(message, form))))
  const messages = await getMessages(session, { ...input, queue, encodedSizeOf })
  return messages.map((message) => renderMessage(message, form))
}

/** Contract §1.4: these fields, in this order; what settles a message by tag comes after them. */
export function renderMessage({ message, ...delivery }: GotMessage, form: PayloadForm): object {
  const { payload, exchange, routingKey, properties } = message
  return {
    payload_bytes: payload.length,
    redelivered: delivery.redelivered,
    exchange,
    routing_key: routingKey,
    message_count: delivery.messageCount,
    properties,
    ...encodePayload(payload, form),
    ...(delivery.deliveryTag !== undefined && {
      delivery_tag: delivery.deliveryTag,
      delivery_count: delivery.deliveryCount,
    }),
  }
}

/** Each entry with an outcome at its own place: one that cannot be read holds nobody up. */
async function settleEntries(session: VhostSession, queue: string, entries: readonly AmqpValue[]): Promise<object[]> {
  const parsed = entries.map(parseSettlement)
  const settlements = parsed.filter((entry): entry is Settlement => !(entry instanceof BrokerError))
  const outcomes = (await settle(session, queue, settlements)).values()
  return parsed.map((settlement, index) => {
    const tag = { delivery_tag: deliveryTagOf(entries[index] ?? null) }
    if (settlement instanceof BrokerError) return { ...tag, ...errorBody(settlement) }
    const outcome = outcomes.next().value
    if (!outcome) throw new Error('settle answered fewer outcomes than it was asked for')
    if (!outcome.ok) return { ...tag, ...errorBody(outcome.error) }
    const extended = outcome.newDeliveryTag !== undefined && { new_delivery_tag: outcome.newDeliveryTag }
    return { ...tag, status: 'ok', ...extended }
  })
}

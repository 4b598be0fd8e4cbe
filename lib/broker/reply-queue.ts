import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { GATEWAY_ID_LENGTH, inboxOf, isGatewayId } from './inbox.ts'
import { liveGateways } from './live-gateways.ts'
import type { Session } from './session.ts'

/** What a client consumes from, and names as `reply-to`, for direct replies (AMQP contract §7). */
export const REPLY_TO = 'amq.rabbitmq.reply-to'

const PREFIX = `${REPLY_TO}.`
const RANDOM_BYTES = 12
const MAC_BYTES = 12
const NAME = new RegExp(`^[0-9a-z]{${GATEWAY_ID_LENGTH}}\\.[A-Za-z0-9_-]{16}\\.[A-Za-z0-9_-]{16}$`)

/**
 * The name of a consumer of direct replies: it names the gateway that holds it, so that a reply finds its way without
 * anything being declared, and is authenticated, so that nobody makes one up. Good for its vhost only.
 */
export function newReplyName(session: ReplySession, gatewayId: string): string {
  const signed = `${gatewayId}.${randomBytes(RANDOM_BYTES).toString('base64url')}`
  return `${PREFIX}${signed}.${macOf(session, signed).toString('base64url')}`
}

type ReplySession = Pick<Session, 'access'> & { readonly vhost: { readonly id: string } }

export const isReplyName = (name: string): boolean => name.startsWith(PREFIX)

/**
 * The queue that such a name stands for: its id is its name. Whether somebody still waits for the reply, the gateway alone
 * knows. Undefined for every other name.
 */
export function replyQueue(session: ReplySession & { readonly broker: Broker }, name: string): Queue | undefined {
  if (!isReplyName(name)) return undefined
  const opaque = name.slice(PREFIX.length)
  if (!NAME.test(opaque)) return undefined
  const gateway = opaque.slice(0, GATEWAY_ID_LENGTH)
  const end = opaque.lastIndexOf('.')
  const mac = Buffer.from(opaque.slice(end + 1), 'base64url')
  if (!isGatewayId(gateway) || !timingSafeEqual(mac, macOf(session, opaque.slice(0, end)))) return undefined
  return {
    id: name,
    name,
    type: 'classic',
    durable: false,
    autoDelete: true,
    arguments: {},
    user: '',
    sqsQueues: [inboxOf(session.broker, gateway)],
    exclusive: { gateway, id: '' },
  }
}

/** Whether the gateway lives that such a name tells of: for passive declarations of it, made anywhere. */
export async function isReplyAlive(session: Parameters<typeof replyQueue>[0], name: string): Promise<boolean> {
  const gateway = replyQueue(session, name)?.exclusive?.gateway
  return gateway !== undefined && (await liveGateways(session.broker)).includes(gateway)
}

/** Under the broker's key, for this purpose only. */
const macOf = ({ access, vhost }: ReplySession, signed: string): Buffer =>
  createHmac('sha256', Buffer.from(access.tagKey, 'base64'))
    .update(`reply-to\0${vhost.id}\0${signed}`)
    .digest()
    .subarray(0, MAC_BYTES)

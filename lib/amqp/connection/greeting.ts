import type { AmqpTable } from '../../model/amqp-value.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import type { Mechanism } from './sasl.ts'

/** What clients look for before they use it (contract §3); some refuse to confirm or to set limits without it. */
const CAPABILITIES: AmqpTable = {
  publisher_confirms: true,
  exchange_exchange_bindings: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  'connection.blocked': true,
  consumer_priorities: true,
  authentication_failure_close: true,
  per_consumer_qos: true,
  direct_reply_to: true,
}

/**
 * Clients change what they do by product and version: Celery's transport limits a channel, not each consumer, for RabbitMQ
 * 3.3 to 3.x only (contract §8). Who is behind it stands beside.
 */
const SERVER_PROPERTIES: AmqpTable = {
  product: 'RabbitMQ',
  version: '3.13.7',
  platform: 'Leveret',
  copyright: '',
  information: 'Leveret speaks AMQP 0-9-1 in front of SQS queues',
  cluster_name: 'leveret',
  implementation: 'Leveret',
  capabilities: CAPABILITIES,
}

/** What the server says first. */
export const startMethod = (mechanisms: readonly Mechanism[]): MethodNamed<'connection.start'> => ({
  name: 'connection.start',
  versionMajor: 0,
  versionMinor: 9,
  serverProperties: SERVER_PROPERTIES,
  mechanisms: mechanisms.join(' '),
  locales: 'en_US',
})

/** What is agreed on unless the client asks for less. Heartbeats in s. */
export const OFFER = { channelMax: 2047, frameMax: 131_072, heartbeat: 60 } as const

/** Clients as old as amqplib 0.10.5 ask for 4096. */
const MIN_FRAME_MAX = 4096

export type Tuned = Omit<MethodNamed<'connection.tune-ok'>, 'name'>

/** Whether a client may ask for that; a heartbeat may be longer than ours, and 0 is none. */
export const isAgreeable = ({ channelMax, frameMax }: Tuned): boolean =>
  channelMax >= 1 && channelMax <= OFFER.channelMax && frameMax >= MIN_FRAME_MAX && frameMax <= OFFER.frameMax

import type { ChannelSnapshot, ConsumerSnapshot, ListedConnection } from '../broker/gateway-snapshot.ts'
import { NODE_NAME } from './identity.ts'

/** A channel, and the connection that it belongs to. */
export interface ListedChannel {
  readonly connection: ListedConnection
  readonly channel: ChannelSnapshot
}

/** A consumer, and the channel that it belongs to. */
export interface ListedConsumer extends ListedChannel {
  readonly consumer: ConsumerSnapshot
}

export const channelsOf = (connections: readonly ListedConnection[]): ListedChannel[] =>
  connections.flatMap((connection) => connection.channels.map((channel) => ({ connection, channel })))

export const consumersOf = (connections: readonly ListedConnection[]): ListedConsumer[] =>
  channelsOf(connections).flatMap(({ connection, channel }) =>
    channel.consumers.map((consumer) => ({ connection, channel, consumer })),
  )

/** A connection as RabbitMQ shows it. Traffic is not counted. */
export function renderConnection(connection: ListedConnection) {
  const { clientProperties, name, user } = connection
  const userProvidedName = clientProperties.connection_name
  return {
    auth_mechanism: connection.authMechanism,
    channel_max: connection.channelMax,
    channels: connection.channels.length,
    client_properties: clientProperties,
    connected_at: connection.connectedAtMs,
    frame_max: connection.frameMax,
    garbage_collection: {},
    host: connection.host,
    name,
    node: NODE_NAME,
    peer_host: connection.peerHost,
    peer_port: connection.peerPort,
    port: connection.port,
    protocol: 'AMQP 0-9-1',
    ssl: connection.isTls,
    state: connection.state,
    timeout: connection.timeoutS,
    type: 'network',
    user,
    user_who_performed_action: user,
    ...(typeof userProvidedName === 'string' && { user_provided_name: userProvidedName }),
    vhost: connection.vhost,
  }
}

const channelName = ({ connection: { name }, channel: { number } }: ListedChannel): string => `${name} (${number})`

export function renderChannel(listed: ListedChannel) {
  const { connection, channel } = listed
  const { user, vhost } = connection
  return {
    acks_uncommitted: 0,
    confirm: channel.isConfirming,
    connection_details: connectionDetails(connection),
    consumer_count: channel.consumers.length,
    garbage_collection: {},
    global_prefetch_count: channel.globalPrefetchCount,
    messages_unacknowledged: channel.unacknowledged,
    messages_uncommitted: channel.uncommitted,
    messages_unconfirmed: channel.unconfirmed,
    name: channelName(listed),
    node: NODE_NAME,
    number: channel.number,
    prefetch_count: channel.prefetchCount,
    state: 'running',
    transactional: channel.isTransactional,
    user,
    user_who_performed_action: user,
    vhost,
  }
}

export function renderConsumer(listed: ListedConsumer) {
  const { connection, channel, consumer } = listed
  return {
    ack_required: consumer.isAckRequired,
    active: consumer.isActive,
    activity_status: consumer.isActive ? 'up' : 'waiting',
    arguments: consumer.arguments,
    channel_details: {
      connection_name: connection.name,
      name: channelName(listed),
      node: NODE_NAME,
      number: channel.number,
      peer_host: connection.peerHost,
      peer_port: connection.peerPort,
      user: connection.user,
    },
    consumer_tag: consumer.tag,
    exclusive: consumer.isExclusive,
    prefetch_count: consumer.prefetchCount,
    queue: { name: consumer.queue, vhost: connection.vhost },
  }
}

/** Whose something is. */
export const connectionDetails = ({ name, peerHost, peerPort }: ListedConnection) => ({
  name,
  peer_host: peerHost,
  peer_port: peerPort,
})

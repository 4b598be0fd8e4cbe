import { TLSSocket } from 'node:tls'
import type {
  ChannelSnapshot,
  ConnectionSnapshot,
  ConsumerSnapshot,
  GatewaySnapshot,
} from '../broker/gateway-snapshot.ts'
import type { Channel } from './channel/channel.ts'
import type { Connection } from './connection/connection.ts'
import type { Consumer } from './consuming/consumer.ts'
import type { GatewayContext } from './gateway-context.ts'

/** A gateway as others see it: its connections, and what is in the queues that live in it. */
export const snapshotOf = ({ connections, temporary }: GatewayContext): GatewaySnapshot => ({
  connections: connections.all.filter(({ isRunning }) => isRunning).map(ofConnection),
  queues: temporary.all.map(({ queue, source }) => ({
    id: queue.id,
    ready: source.readyCount,
    unacknowledged: source.heldCount,
  })),
})

function ofConnection(connection: Connection): ConnectionSnapshot {
  const { ref, socket, tuned, client, vhost, identity, connectedAtMs, name } = connection
  return {
    id: ref.id,
    name,
    vhost,
    user: identity?.user.name ?? '',
    state: 'running',
    connectedAtMs,
    host: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
    peerHost: socket.remoteAddress ?? '',
    peerPort: socket.remotePort ?? 0,
    isTls: socket instanceof TLSSocket,
    authMechanism: client.mechanism,
    channelMax: tuned.channelMax,
    frameMax: tuned.frameMax,
    timeoutS: tuned.heartbeat,
    clientProperties: client.properties,
    channels: connection.channels.all.map(ofChannel),
  }
}

const ofChannel = (channel: Channel): ChannelSnapshot => ({
  number: channel.number,
  ...channel.publishing.shown,
  prefetchCount: channel.consumerPrefetch,
  globalPrefetchCount: channel.channelPrefetch,
  unacknowledged: channel.ledger.size,
  consumers: [...channel.consumers.values()].map(ofConsumer),
})

function ofConsumer(consumer: Consumer): ConsumerSnapshot {
  const { tag, queue, prefetchCount, noAck, exclusive, feed, arguments: args } = consumer.options
  return {
    tag,
    queue: queue.name,
    prefetchCount,
    isAckRequired: !noAck,
    isExclusive: exclusive,
    isActive: feed.isActive(consumer),
    arguments: args,
  }
}

import type { VhostSession } from '../../broker/session.ts'
import type { Versions } from '../../journal/replicas.ts'
import type { Properties } from '../../model/message.ts'
import type { Capability } from '../connection/client.ts'
import type { AmqpError } from '../errors.ts'
import type { GatewayContext } from '../gateway-context.ts'
import type { ContentMethod, Method } from '../protocol/methods.ts'
import type { ConnectionQueues } from '../temporary/connection-queues.ts'
import type { Channel } from './channel.ts'

/** A connection as its channels see it. */
export interface ChannelHost {
  readonly gateway: GatewayContext
  readonly vhost: string
  /** The exclusive queues that are the connection's own. */
  readonly queues: ConnectionQueues
  /** A session of the connection's user on the topology as it is, with every change that the connection has made. */
  session(): Promise<VhostSession>
  /** The connection made a change: what it does from now on is decided on it. */
  saw(versions: Versions): void
  send(channel: number, method: Method): void
  sendContent(channel: number, method: ContentMethod, content: { properties: Properties; payload: Uint8Array }): void
  isWritable(): boolean
  /** So many bytes more, or fewer, wait to be stored or executed. */
  hold(bytes: number): void
  can(capability: Capability): boolean
  /** An error that ends the connection. */
  fail(error: AmqpError): void
  /** The channel's number is free. */
  forget(channel: Channel): void
}

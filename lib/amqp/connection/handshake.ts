import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { AuthenticationError } from '../../access/authenticate.ts'
import type { Broker } from '../../broker/broker.ts'
import type { VhostSession } from '../../broker/session.ts'
import { logError } from '../../log.ts'
import type { User } from '../../model/user.ts'
import { AmqpError, amqpErrorOf } from '../errors.ts'
import { authenticateClient, isTokenUser, type Peer, userOfToken } from './authenticate.ts'
import type { Client } from './client.ts'
import { type Entrance, enterVhost } from './enter.ts'
import type { Identity } from './identity.ts'
import type { ConnectionInput } from './machine.ts'
import { type Mechanism, readLogin } from './sasl.ts'

/** What the core makes of a step of the handshake, for the machine. */
interface Judged<T> {
  readonly input: ConnectionInput
  readonly result?: T
}

/** What the transport says of whoever is at the other end. */
export function peerOf(socket: Socket): Peer {
  const name = socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().subject?.CN : undefined
  return { certificateName: typeof name === 'string' ? name : undefined }
}

/** A certificate is a way to log in only for those who have shown one. */
export const mechanismsFor = ({ certificateName }: Peer): readonly Mechanism[] =>
  certificateName === undefined ? ['AMQPLAIN', 'PLAIN'] : ['AMQPLAIN', 'PLAIN', 'EXTERNAL']

/** Never rejects. */
export async function judgeLogin(
  broker: Broker,
  { mechanism }: Client,
  response: Uint8Array,
  peer: Peer,
): Promise<Judged<User>> {
  const login = readLogin(mechanism, response)
  if (login === undefined) return { input: { type: 'fail', error: new AmqpError(501, 'the response cannot be read') } }
  try {
    return { input: { type: 'authenticated' }, result: await authenticateClient(broker, login, peer) }
  } catch (error) {
    return error instanceof AuthenticationError ? { input: { type: 'login-refused' } } : failed(error)
  }
}

/** A new secret, which users of the broker's own do not need: theirs does not expire. Never rejects. */
export async function judgeSecret(broker: Broker, identity: Identity, secret: Uint8Array): Promise<ConnectionInput> {
  if (!isTokenUser(identity.user)) return { type: 'renewed' }
  try {
    const user = await userOfToken(broker, Buffer.from(secret).toString())
    if (user?.name !== identity.user.name) return { type: 'fail', error: SECRET_REFUSED }
    identity.renew(user)
    return { type: 'renewed' }
  } catch (error) {
    return failed(error).input
  }
}

const SECRET_REFUSED = new AmqpError(530, 'New secret was refused by one of the backends', 'connection.update-secret')

/** The first session of a connection. Never rejects. */
export async function judgeEntrance(broker: Broker, entrance: Entrance): Promise<Judged<VhostSession>> {
  try {
    const entered = await enterVhost(broker, entrance)
    if ('refused' in entered) return { input: { type: 'open-refused', text: entered.refused } }
    return { input: { type: 'opened' }, result: entered }
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): { readonly input: ConnectionInput } {
  logError('an AMQP connection could not be opened', error)
  return { input: { type: 'fail', error: amqpErrorOf(error) } }
}

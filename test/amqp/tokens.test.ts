import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openHandlers } from '../../lib/local/handlers.ts'
import type { Client } from './client.ts'
import { useCloud } from './embedded.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const JWT = {
  issuer: 'https://issuer',
  audience: 'rabbitmq',
  jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }),
}
/** For clocks that differ: a token is taken for so long after its end (lib/access/jwt.ts). */
const LEEWAY_S = 30

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenFor(sub: string, { forS = 60, key = privateKey }: { forS?: number; key?: KeyObject } = {}): string {
  const scope = 'rabbitmq.configure:%2F/mine* rabbitmq.write:%2F/amq.default rabbitmq.read:%2F/mine*'
  const claims = { iss: JWT.issuer, aud: JWT.audience, sub, exp: Date.now() / 1000 + forS - LEEWAY_S, scope }
  const signed = `${encode({ alg: 'ES256', kid: 'k' })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

describe('a token in place of a password', { timeout: 60_000 }, () => {
  const connectAs = useCloud({
    openHandlers: (config, options) => openHandlers({ ...config, jwt: JWT }, options),
  })
  const connect = (password: string, username = 'whoever'): Promise<Client> => connectAs({ username, password })

  test('lets in whom it vouches for, whatever the name beside it, with the rights of its scopes alone', async () => {
    const client = await connect(tokenFor('robot'))
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'mine' })
    channel.publish({ routingKey: 'mine', payload: 'hello', properties: { user_id: 'robot' } })
    const got = await channel.get({ queue: 'mine', noAck: true })
    expect(got?.payload?.toString()).toBe('hello')
    await expect(channel.call('queue.declare', { queue: 'other' })).rejects.toThrow(
      /403 ACCESS_REFUSED - access to queue 'other' in vhost '\/' refused for user 'robot'/,
    )
  })

  test('that is another one’s, or has ended, lets nobody in; a password goes on to', async () => {
    await expect(connect(tokenFor('robot', { key: stranger }))).rejects.toThrow(/403 ACCESS_REFUSED/)
    await expect(connect(tokenFor('robot', { forS: -1 }))).rejects.toThrow(/403 ACCESS_REFUSED/)
    await connect('guest', 'guest')
  })

  test('ends the connection with it, unless the client has sent a newer one', async () => {
    const soon = tokenFor('robot', { forS: 3 })
    const [lasting, passing] = [await connect(soon), await connect(soon)]
    await lasting.connection.call('connection.update-secret', { newSecret: Buffer.from(tokenFor('robot')), reason: '' })
    expect(await passing.ended).toMatchObject({
      replyCode: 320,
      replyText: "CONNECTION_FORCED - the token of user 'robot' has expired",
    })
    await (await lasting.openChannel()).call('queue.declare', { queue: 'mine' })
  })

  test('of somebody else is no newer one', async () => {
    const client = await connect(tokenFor('robot'))
    const renewal = { newSecret: Buffer.from(tokenFor('human')), reason: '' }
    await expect(client.connection.call('connection.update-secret', renewal)).rejects.toThrow(
      /530 NOT_ALLOWED - New secret was refused by one of the backends \(10\/70\)/,
    )
  })

  test('is not needed by a user with a password, who may send any', async () => {
    const client = await connect('guest', 'guest')
    await client.connection.call('connection.update-secret', { newSecret: Buffer.from('anything'), reason: '' })
    await client.openChannel()
  })
})

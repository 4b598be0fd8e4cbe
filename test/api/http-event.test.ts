import { describe, expect, test } from 'vitest'
import { createHandler as createPublish } from '../../functions/publish.ts'
import { toHttpEvent } from '../../lib/api/http-event.ts'
import { eventFor, useApi } from './support/client.ts'
import { publishUrlEvent } from './support/url-events.ts'

const PATH = '/api/exchanges/%2F/a%2Fb%20c/publish'
const BODY = '{"payload":"é"}'

describe('an event of a function URL', () => {
  test('is the request that was sent, its path still encoded', () => {
    expect(toHttpEvent(publishUrlEvent({ path: PATH, body: BODY, as: 'guest:guest' }))).toEqual({
      method: 'POST',
      path: PATH,
      headers: expect.objectContaining({ authorization: 'Basic Z3Vlc3Q6Z3Vlc3Q=', 'x-forwarded-port': '443' }),
      query: {},
      body: BODY,
      isBase64Encoded: false,
      principalArn: undefined,
    })
  })

  test('says what an event of the REST API says of the same request', () => {
    const { headers: _, ...fromUrl } = toHttpEvent(
      publishUrlEvent({ path: PATH, query: 'a=1%2F2&b=x+y&a=3&%C3%A9=', body: BODY }),
    )
    const target = `${PATH.slice('/api'.length)}?a=1%2F2&b=x+y&a=3&%C3%A9=`
    const { headers: __, ...fromApi } = toHttpEvent(eventFor('POST', target, BODY, { as: null }))
    expect({ ...fromUrl, query: { ...fromUrl.query } }).toEqual({ ...fromApi, query: { ...fromApi.query } })
    expect(fromUrl.query).toEqual({ a: '3', b: 'x y', é: '' })
  })

  test('without a body, and without headers in an event of the REST API, has none', () => {
    expect(toHttpEvent(publishUrlEvent({ path: PATH })).body).toBeNull()
    const event = { ...eventFor('GET', '/whoami', undefined, {}), headers: null as never }
    expect(toHttpEvent(event).headers).toEqual({})
  })

  test('names the principal that signed it', () => {
    const principal = 'arn:aws:sts::123456789012:assumed-role/worker/session'
    expect(toHttpEvent(publishUrlEvent({ path: PATH, principal })).principalArn).toBe(principal)
    expect(toHttpEvent(eventFor('GET', '/whoami', undefined, { principal })).principalArn).toBe(principal)
  })
})

describe('the function URL of publish', () => {
  const client = useApi()
  const MESSAGE = JSON.stringify({ routing_key: 'q', properties: {}, payload: 'héllo', payload_encoding: 'string' })
  const publish = (request: Parameters<typeof publishUrlEvent>[0]) =>
    createPublish(client.broker)(publishUrlEvent({ as: 'guest:guest', ...request }))

  test('publishes to the exchange and the vhost whose names are percent-encoded', async () => {
    await client.call('PUT', '/exchanges/%2F/a%2Fb', { type: 'fanout' })
    await client.call('PUT', '/queues/%2F/q', {})
    await client.call('POST', '/bindings/%2F/e/a%2Fb/q/q', {})
    for (const path of ['/api/exchanges/%2F/a%2Fb/publish', '/api/exchanges/%2f/amq.default/publish']) {
      expect(await publish({ path, body: MESSAGE })).toMatchObject({ statusCode: 200, body: '{"routed":true}' })
    }
    const taking = { count: 5, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const { body } = await client.call('POST', '/queues/%2F/q/get', taking)
    expect(body).toMatchObject([{ payload: 'héllo' }, { payload: 'héllo' }])
  })

  test('takes a body that comes as base64, which is how a URL hands on what is not text', async () => {
    const body = Buffer.from(MESSAGE).toString('base64')
    const path = '/api/exchanges/%2F/amq.default/publish'
    expect(await publish({ path, body, isBase64Encoded: true })).toMatchObject({ statusCode: 200 })
  })

  test('asks who is there, and has nothing but what publish serves', async () => {
    const path = '/api/exchanges/%2F/amq.default/publish'
    expect(await publish({ path, body: MESSAGE, as: 'guest:bad' })).toMatchObject({ statusCode: 401 })
    expect(await publish({ path: '/api/users', method: 'GET' })).toMatchObject({ statusCode: 405 })
    expect(await publish({ path: '/', method: 'GET' })).toMatchObject({ statusCode: 404 })
  })
})

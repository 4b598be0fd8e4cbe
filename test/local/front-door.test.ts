import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MAX_API_BODY_BYTES } from '../../lib/local/front-door.ts'
import type { ApiHandlers } from '../../lib/local/handlers.ts'
import { listen } from '../../lib/local/http-server.ts'
import { StartError } from '../../lib/local/start-error.ts'
import { catchErrorLog } from './expected-errors.ts'
import { ask, serve, TELLING, told } from './served.ts'

describe('the route of a request', () => {
  it.each([
    ['POST', '/api/exchanges/%2F/amq.default/publish', 'publish'],
    ['POST', '/api/exchanges/%2F//publish?x=1', 'publish'],
    ['POST', '/api/queues/%2F/first/get', 'consume'],
    ['PUT', '/api/queues/%2F/first', 'manage'],
    ['GET', '/api/exchanges/%2F', 'manage'],
    ['POST', '/api/exchanges', 'manage'],
    ['POST', '/api/definitions', 'manage'],
    ['GET', '/elsewhere', 'manage'],
    ['POST', '/', 'manage'],
  ])('%s %s leads to %3$s', async (method, path, name) => {
    const { server } = await serve(TELLING)
    const answer = told(await ask(server.port, { method, path }))
    expect([answer.name, answer.event.httpMethod]).toEqual([name, method])
  })

  it('keeps a path as the client wrote it', async () => {
    const { server } = await serve(TELLING)
    const path = '/api/queues/%2F//a%2523+b/../%2e%2E'
    expect(told(await ask(server.port, { path: `${path}?q=%2B+` })).event).toMatchObject({
      path,
      queryStringParameters: { q: '+ ' },
    })
  })

  it('welcomes people at its root', async () => {
    const { server } = await serve(TELLING)
    expect(await ask(server.port, { path: '/' })).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: 'welcome',
    })
  })

  it('waits for handlers that are not there yet', async () => {
    const { promise, resolve } = Promise.withResolvers<ApiHandlers>()
    const { server } = await serve(promise)
    const answer = ask(server.port, { path: '/api/whoami' })
    expect((await ask(server.port, { path: '/' })).status).toBe(200)
    resolve(TELLING)
    expect(told(await answer).name).toBe('manage')
  })
})

describe('an answer of a handler', () => {
  const answering = (result: object): ApiHandlers => ({ ...TELLING, manage: async () => result as never })

  it('has several lines for a header of several values', async () => {
    const { server } = await serve(
      answering({ statusCode: 200, body: '', multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] } }),
    )
    expect((await ask(server.port, { path: '/x' })).headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  it('has neither body nor length nor type for 204', async () => {
    const { server } = await serve(answering({ statusCode: 204, body: '' }))
    const { status, headers, body } = await ask(server.port, { path: '/x' })
    expect([status, headers['content-length'], headers['content-type'], body]).toEqual([204, undefined, undefined, ''])
  })

  it('has the length of a body that HEAD leaves out', async () => {
    const { server } = await serve(answering({ statusCode: 200, body: 'four' }))
    const { headers, body } = await ask(server.port, { method: 'HEAD', path: '/x' })
    expect([headers['content-length'], body]).toEqual(['4', ''])
  })

  it('is 502 in RabbitMQ’s form where the handler answers none', async () => {
    const errors = catchErrorLog()
    const { server } = await serve(answering({ body: 'no status' }))
    const { status, body } = await ask(server.port, { path: '/x' })
    expect([status, JSON.parse(body)]).toEqual([
      502,
      { error: 'internal_server_error', reason: 'Internal Server Error' },
    ])
    expect(errors).toHaveBeenCalledOnce()
  })

  it('is 502 where the handler throws, and says nothing of the inside', async () => {
    const errors = catchErrorLog()
    const failing = async (): Promise<never> => {
      throw new Error('a secret')
    }
    const { server } = await serve({ ...TELLING, manage: failing })
    const { status, body } = await ask(server.port, { path: '/x' })
    expect(status).toBe(502)
    expect(body).not.toContain('secret')
    expect(errors).toHaveBeenCalledOnce()
  })
})

describe('a request that is refused', () => {
  it.each([
    'evil.example',
    'evil.example:15672',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '10.0.0.1',
    '[::2]',
  ])('names the host %s', async (host) => {
    const { server } = await serve(TELLING)
    const { status, body } = await ask(server.port, { path: '/', headers: { host } })
    expect([status, JSON.parse(body).error]).toEqual([400, 'bad_request'])
  })

  it.each(['127.0.0.1:15672', 'localhost', 'LOCALHOST:1', '[::1]:15672'])('does not name the host %s', async (host) => {
    const { server } = await serve(TELLING)
    expect((await ask(server.port, { path: '/', headers: { host } })).status).toBe(200)
  })

  it.each(['https://evil.example', 'null', 'http://localhost.evil.example'])(
    'comes from the site %s',
    async (origin) => {
      const { server } = await serve(TELLING)
      expect((await ask(server.port, { method: 'POST', path: '/api/queues/x', headers: { origin } })).status).toBe(400)
    },
  )

  it('does not come from a page of this machine', async () => {
    const { server } = await serve(TELLING)
    const headers = { origin: 'http://localhost:3000' }
    expect((await ask(server.port, { method: 'POST', path: '/api/queues/x/y', headers })).status).toBe(200)
  })

  it('has an absolute target', async () => {
    const { server } = await serve(TELLING)
    const path = 'http://127.0.0.1/api/queues'
    expect((await ask(server.port, { path, headers: { host: '127.0.0.1' } })).status).toBe(400)
  })

  it('names no host at all', async () => {
    const { server } = await serve(TELLING)
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /)
  })

  it('has more than 10 MB', async () => {
    const { server } = await serve(TELLING)
    const { status, body } = await ask(server.port, {
      method: 'PUT',
      path: '/api/queues/%2F/x',
      body: new Uint8Array(MAX_API_BODY_BYTES + 1),
    })
    expect([status, JSON.parse(body).error]).toEqual([413, 'bad_request'])
  })

  it('does not have 10 MB exactly', async () => {
    const { server } = await serve({ ...TELLING, manage: async () => ({ statusCode: 200, body: '' }) })
    const body = new Uint8Array(MAX_API_BODY_BYTES)
    expect((await ask(server.port, { method: 'PUT', path: '/api/queues/%2F/x', body })).status).toBe(200)
  })
})

describe('SQS at the same port', () => {
  it('serves an SDK', async () => {
    const { server } = await serve(TELLING)
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    const sqs = new SQSClient({ endpoint: server.url, region: 'us-east-1', credentials })
    onTestFinished(() => sqs.destroy())
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }))
    expect(QueueUrl).toBe(`${server.url}/000000000000/q`)
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }))
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }))
    expect(Messages?.map(({ Body }) => Body)).toEqual(['hello'])
  })
})

describe('draining', () => {
  it('lets what is in flight finish, and nothing more in', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    const { server, door } = await serve({
      ...TELLING,
      manage: async () => {
        entered.resolve()
        await promise
        return { statusCode: 200, body: 'done' }
      },
    })
    const slow = ask(server.port, { path: '/slow' })
    await entered.promise
    const draining = door.drain()
    expect(await ask(server.port, { path: '/late' })).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    resolve()
    await draining
    expect((await slow).body).toBe('done')
  })
})

describe('a port', () => {
  it('that is taken is told so', async () => {
    const { server } = await serve(TELLING)
    await expect(listen(server.port, async () => undefined)).rejects.toThrow(StartError)
  })
})

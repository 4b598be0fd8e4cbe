import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startLeveret } from '../../lib/local/testing.ts'
import { callApi, useLeveret } from '../support/embedded.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const DEFAULT_EXCHANGE = '/api/exchanges/%2F/amq.default/publish'

const publication = (routingKey: string) => ({
  properties: {},
  routing_key: routingKey,
  payload: 'hello',
  payload_encoding: 'string',
})

describe('a broker for a test suite', { timeout: 30_000 }, () => {
  const leveret = useLeveret()

  it('knows its administrator and nobody else', async () => {
    expect(await leveret.call('GET', '/api/whoami')).toMatchObject({ status: 200, body: { name: 'guest' } })
    const login = { username: 'guest', password: 'wrong' }
    expect((await leveret.call('GET', '/api/whoami', undefined, { login })).status).toBe(401)
    expect((await leveret.call('GET', '/api/whoami', undefined, { login: undefined })).status).toBe(401)
  })

  it('speaks AMQP, where its overview says', async () => {
    const { hostname, port, username, password } = new URL(leveret.running.amqpUrl)
    expect({ hostname, username, password }).toEqual({ hostname: '127.0.0.1', username: 'guest', password: 'guest' })
    const { body } = await leveret.call('GET', '/api/overview')
    expect(body).toMatchObject({ listeners: [{ protocol: 'amqp', port: Number(port), tls: false }, {}] })
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    socket.write('HTTP/1.1')
    const [header] = (await once(socket, 'data')) as [Buffer]
    expect(header.toString('latin1')).toBe('AMQP\x00\x00\x09\x01')
  })

  it('carries a message from publish to get', async () => {
    expect((await leveret.call('PUT', '/api/queues/%2F/first', { durable: true })).status).toBe(201)
    expect((await leveret.call('POST', DEFAULT_EXCHANGE, publication('first'))).body).toEqual({ routed: true })
    const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    expect((await leveret.call('POST', '/api/queues/%2F/first/get', get)).body).toMatchObject([{ payload: 'hello' }])
  })

  it('lets a plain AWS SDK consume a queue', async () => {
    await leveret.call('PUT', '/api/queues/%2F/raw', { durable: true })
    await leveret.call('POST', DEFAULT_EXCHANGE, publication('raw'))
    const { body } = await leveret.call('GET', '/api/queues/%2F/raw')
    const [QueueUrl] = (body as { sqs_urls: string[] }).sqs_urls
    expect(QueueUrl).toMatch(new RegExp(`^${leveret.running.sqsEndpoint}/000000000000/`))
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    const sqs = new SQSClient({ endpoint: leveret.running.sqsEndpoint, region: 'us-east-1', credentials })
    onTestFinished(() => sqs.destroy())
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))
    expect(Messages.map(({ Body }) => Body)).toEqual(['hello'])
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }))
  })
})

describe('the end of a broker for a test suite', { timeout: 30_000 }, () => {
  it('removes a temporary directory', async () => {
    const parent = temporaryDirectory()
    vi.stubEnv('TMPDIR', parent)
    onTestFinished(() => void vi.unstubAllEnvs())
    const leveret = await startLeveret()
    expect(readdirSync(parent)).toHaveLength(1)
    await leveret.close()
    expect(readdirSync(parent)).toEqual([])
    await expect(callApi(leveret, 'GET', '/api/whoami')).rejects.toThrow(/ECONNREFUSED/)
  })

  it('keeps a directory that was given, and what is in it', async () => {
    const dataDir = temporaryDirectory()
    const first = await startLeveret({ dataDir })
    onTestFinished(() => first.close())
    expect((await callApi(first, 'PUT', '/api/queues/%2F/kept', { durable: true })).status).toBe(201)
    await first.close()
    const second = await startLeveret({ dataDir })
    onTestFinished(() => second.close())
    expect((await callApi(second, 'GET', '/api/queues/%2F/kept')).status).toBe(200)
  })
})

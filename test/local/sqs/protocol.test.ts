import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ACTIONS } from '../../../lib/local/sqs/actions/index.ts'
import { type LocalBackend, startBackend } from './backend.ts'
import { DirectEngine } from './direct-engine.ts'

describe('the SQS protocol', () => {
  const engine = new DirectEngine({ file: ':memory:' })
  const signal = new AbortController().signal
  beforeAll(async () => {
    await engine.createQueue('q')
    await engine.createQueue('q.fifo', { FifoQueue: 'true' })
  })
  afterAll(() => engine.engine.close())

  it('an error names its shape in the body and its query code in a header', async () => {
    const body = JSON.stringify({ QueueName: 'nobody' })
    const response = await engine.engine.handle({ target: 'AmazonSQS.GetQueueUrl', body, signal })
    expect(response.status).toBe(400)
    expect(response.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender',
    })
    expect(JSON.parse(response.body)).toEqual({
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    })
  })

  it('a batch entry that fails names the query code and whose fault it is', async () => {
    const Entries = [{ Id: 'bad', ReceiptHandle: 'garbage' }]
    const { status, output } = await engine.call('DeleteMessageBatch', { QueueUrl: '/000000000000/q', Entries })
    expect(status).toBe(200)
    expect(output.Failed).toMatchObject([{ Id: 'bad', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }])
  })

  it('an action that does not exist fails with InvalidAction', async () => {
    for (const target of ['AmazonSQS.AddPermission', 'AmazonSQS.', '', 'AmazonSNS.Publish', 'AmazonSQS.constructor']) {
      const response = await engine.engine.handle({ target, body: '{}', signal })
      expect(response.status).toBe(400)
      expect(response.body).toContain('#InvalidAction')
    }
  })

  it('a body that is no JSON object in UTF-8 fails with SerializationException', async () => {
    const bodies = ['{', '[]', '1', 'null', '"x"', Uint8Array.of(0x7b, 0xff, 0x7d), '['.repeat(100_000)]
    for (const body of bodies) {
      const response = await engine.engine.handle({ target: 'AmazonSQS.SendMessage', body, signal })
      expect(response.status).toBe(400)
      expect(response.body).toContain('#SerializationException')
    }
  })

  it('a queue URL with any host and the right path is accepted', async () => {
    for (const host of ['http://localhost:4566', 'https://sqs.us-east-1.amazonaws.com', '']) {
      expect((await engine.send(`${host}/000000000000/q`, 'x')).status).toBe(200)
    }
    expect((await engine.send('http://localhost/111111111111/q', 'x')).output.__type).toMatch(/QueueDoesNotExist$/)
    expect((await engine.send('q', 'x')).output.__type).toMatch(/InvalidAddress$/)
  })

  it('no input makes an action fail with anything but an error of the caller', async () => {
    const member = fc.constantFrom(
      'QueueUrl',
      'QueueName',
      'Attributes',
      'AttributeNames',
      'Entries',
      'MessageBody',
      'MessageAttributes',
      'MessageSystemAttributes',
      'MessageGroupId',
      'MessageDeduplicationId',
      'ReceiptHandle',
      'VisibilityTimeout',
      'DelaySeconds',
      'MaxNumberOfMessages',
      'NextToken',
      'MaxResults',
      'Tags',
      'TagKeys',
      'SourceArn',
      'TaskHandle',
      '__proto__',
    )
    const value = fc.oneof(
      fc.constantFrom('/000000000000/q', '/000000000000/q.fifo', 'arn:aws:sqs:us-east-1:000000000000:q'),
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.jsonValue(),
      fc.array(fc.record({ Id: fc.string(), MessageBody: fc.jsonValue(), ReceiptHandle: fc.jsonValue() })),
      fc.constantFrom({ RedrivePolicy: '{"deadLetterTargetArn":1}' }, { Policy: '[' }, { DelaySeconds: '١' }),
      fc.dictionary(fc.string(), fc.record({ DataType: fc.string(), StringValue: fc.string() })),
    )
    const inputs = fc.dictionary(member, value, { noNullPrototype: false })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...ACTIONS.keys()), inputs, async (action, input) => {
        const { status, output } = await engine.call(action, input)
        expect(status, output.message).toBeLessThan(500)
      }),
      { numRuns: 500 },
    )
  }, 60_000)

  it('a poll that is given up is removed, and what was taken for it comes back uncounted', async () => {
    const queue = await engine.createQueue('polled')
    const caller = new AbortController()
    const poll = engine.receiveBodies(queue, { WaitTimeSeconds: 20 }, caller.signal)
    await engine.send(queue, 'x')
    expect(await poll).toEqual(['x'])
    expect(await engine.counts(queue)).toEqual([0, 1, 0])
    caller.abort()
    expect(await engine.counts(queue)).toEqual([1, 0, 0])

    const [message] = await engine.receive(queue, { AttributeNames: ['All'] })
    expect(message?.Attributes.ApproximateReceiveCount).toBe('1')
  })

  it('a caller that is already gone receives nothing', async () => {
    const queue = await engine.createQueue('left')
    await engine.send(queue, 'x')
    expect(await engine.receiveBodies(queue, { WaitTimeSeconds: 1 }, AbortSignal.abort())).toEqual([])
    expect(await engine.counts(queue)).toEqual([1, 0, 0])
  })

  it('deleting a queue ends the polls that wait on it', async () => {
    const queue = await engine.createQueue('deleted')
    const poll = engine.call('ReceiveMessage', { QueueUrl: queue, WaitTimeSeconds: 20 })
    await engine.call('DeleteQueue', { QueueUrl: queue })
    expect((await poll).output.__type).toMatch(/QueueDoesNotExist$/)
  })
})

describe('the SQS server', () => {
  let backend: LocalBackend
  beforeAll(async () => {
    backend = await startBackend({ file: ':memory:' })
  })
  afterAll(async () => {
    await backend.stop()
  })

  it('answers 400 to what is no call to SQS', async () => {
    for (const init of [{}, { method: 'POST', body: 'Action=ListQueues' }]) {
      expect((await fetch(backend.server.endpoint, init)).status).toBe(400)
    }
  })

  it('refuses a body of more than 16 MiB and goes on serving', async () => {
    const headers = { 'x-amz-target': 'AmazonSQS.ListQueues' }
    const body = Buffer.alloc(17 * 1_048_576, ' ')
    const refused = await fetch(backend.server.endpoint, { method: 'POST', headers, body }).catch(() => undefined)
    expect(refused?.status ?? 413).toBe(413)
    expect((await fetch(backend.server.endpoint, { method: 'POST', headers, body: '{}' })).status).toBe(200)
  })

  it('survives callers that hang up in the middle of a request', async () => {
    const { port } = new URL(backend.server.endpoint)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: AmazonSQS.ListQueues\r\ncontent-length: 100\r\n\r\n{')
        socket.destroy()
      })
      socket.once('close', () => resolve())
    })
    const headers = { 'x-amz-target': 'AmazonSQS.ListQueues' }
    expect((await fetch(backend.server.endpoint, { method: 'POST', headers, body: '{}' })).status).toBe(200)
  })
})

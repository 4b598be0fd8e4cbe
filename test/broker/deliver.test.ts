import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { bindTo } from '../../lib/broker/bind.ts'
import { declareExchange } from '../../lib/broker/declare-exchange.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishBatch } from '../../lib/broker/publish-batch.ts'
import { relay } from '../../lib/broker/relay.ts'
import { internalQueueName } from '../../lib/config.ts'
import { BrokerError } from '../../lib/model/errors.ts'
import type { Properties } from '../../lib/model/message.ts'
import { type Fault, type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  faulty.fault = () => undefined
})

class Throttled extends Error {
  override readonly name = 'ThrottlingException'
  readonly $metadata = { httpStatusCode: 400 }
}

/** Sends to SQS queues whose URL fits fail. */
const failingSends =
  (isFailing: (url: string) => boolean): Fault =>
  (method, input) => {
    if (method === 'sendMessageBatch' && isFailing((input as { QueueUrl: string }).QueueUrl)) throw new Throttled()
  }

let count = 0

/** A fanout exchange with queues of these kinds behind it; answers their names and what identifies their SQS queues. */
async function fanout(
  kinds: readonly ('standard' | 'fifo')[],
): Promise<{ exchange: string; queues: string[]; urls: string[] }> {
  count += 1
  const exchange = `fan-${count}`
  await declareExchange(await faulty.session(), {
    name: exchange,
    exchangeType: 'fanout',
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: {},
  })
  const queues = kinds.map((_, index) => `fan-${count}-${index}`)
  for (const [index, kind] of kinds.entries()) {
    const args = kind === 'fifo' ? { 'x-fifo-group': 'queue' } : {}
    const name = queues[index] ?? ''
    await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
    const ends = { source: exchange, destinationType: 'queue', destination: name } as const
    await bindTo(await faulty.session(), { ...ends, routingKey: '', arguments: {} })
  }
  const { vhost } = await faulty.session()
  const urls = queues.map((name) => vhost.queueByName(name)?.sqsQueues[0]?.name ?? '')
  return { exchange, queues, urls }
}

const publishTo = async (exchange: string): Promise<{ routed: boolean }> =>
  publish(await faulty.session(), { exchange, routingKey: '', properties: {}, payload: Buffer.from('x') })

async function countIn(queue: string): Promise<number> {
  const input = { queue, count: 100, ackMode: 'ack_requeue_true', waitS: 0, encodedSizeOf: () => 1 } as const
  return (await getMessages(await faulty.session(), input)).length
}

/** Runs the relay once over what the relay queue holds; answers how many messages it had. */
async function runRelay(): Promise<number> {
  const name = internalQueueName(faulty.config, 'relay')
  const url = faulty.broker.delivery.queues.urlOf(name)
  const { SQSClient, ReceiveMessageCommand, DeleteMessageCommand } = await import('@aws-sdk/client-sqs')
  const { region, credentials, endpoints } = faulty.config.aws
  const client = new SQSClient({
    region: region ?? '',
    endpoint: endpoints?.sqs ?? '',
    ...(credentials && { credentials }),
  })
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
  )
  const records = Messages.map(({ MessageId = '', Body = '' }) => ({ id: MessageId, body: Body }))
  const kept = await relay(faulty.broker, records)
  for (const { MessageId = '', ReceiptHandle } of Messages) {
    if (!kept.includes(MessageId)) await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }))
  }
  client.destroy()
  return Messages.length
}

describe('a publish whose sends fail in part', () => {
  test('is confirmed when the relay took what is missing, and the relay brings it', async () => {
    const { exchange, queues, urls } = await fanout(['standard', 'standard', 'standard'])
    faulty.fault = failingSends((url) => url.endsWith(urls[1] ?? '?'))
    expect(await publishTo(exchange)).toEqual({ routed: true })
    expect(await Promise.all(queues.map(countIn))).toEqual([1, 0, 1])
    faulty.fault = () => undefined
    await runRelay()
    expect(await Promise.all(queues.map(countIn))).toEqual([1, 1, 1])
  })

  test('fails as unavailable when the relay cannot take it either', async () => {
    const { exchange, urls } = await fanout(['standard', 'standard'])
    faulty.fault = failingSends((url) => url.endsWith(urls[1] ?? '?') || url.endsWith('-relay'))
    await expect(publishTo(exchange)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('leaves standard queues untouched when a FIFO queue fails, and is never relayed', async () => {
    const { exchange, queues, urls } = await fanout(['standard', 'fifo'])
    faulty.fault = failingSends((url) => url.endsWith(urls[1] ?? '?'))
    await expect(publishTo(exchange)).rejects.toThrow(BrokerError)
    faulty.fault = () => undefined
    expect(await runRelay()).toBe(0)
    expect(await Promise.all(queues.map(countIn))).toEqual([0, 0])
  })

  test('makes one call for each target queue and no other when nothing fails', async () => {
    const { exchange } = await fanout(['standard', 'fifo'])
    const session = await faulty.session()
    const calls: string[] = []
    faulty.fault = (method) => void calls.push(method)
    await publish(session, { exchange, routingKey: '', properties: {}, payload: Buffer.from('x') })
    expect(calls).toEqual(['sendMessageBatch', 'sendMessageBatch'])
  })
})

describe('a message of a FIFO group that cannot be stored', () => {
  const outcomesOf = async (exchange: string, properties: readonly Properties[]): Promise<string[]> => {
    const entries = properties.map((each) => ({ routingKey: '', properties: each, payload: Buffer.from('x') }))
    const outcomes = await publishBatch(await faulty.session(), exchange, entries)
    return outcomes.map((outcome) => ('error' in outcome ? outcome.error.kind : 'routed'))
  }

  test('holds up those behind it where nobody could be sent to look for its expiry', async () => {
    const { exchange, queues } = await fanout(['fifo'])
    faulty.fault = failingSends((url) => url.endsWith('-sweep'))
    const outcomes = await outcomesOf(exchange, [{}, { expiration: '60000' }, {}])
    expect(outcomes).toEqual(['routed', 'unavailable', 'unavailable'])
    expect(await countIn(queues[0] ?? '')).toBe(1)
  })

  test('holds up those behind it where another message with its deduplication key is on its way', async () => {
    const { exchange, queues } = await fanout(['fifo'])
    const once = `once-${count}`
    const common = { durable: true, autoDelete: false, internal: false, arguments: {} }
    await declareExchange(await faulty.session(), { name: once, exchangeType: 'x-message-deduplication', ...common })
    const ends = { source: once, destinationType: 'exchange', destination: exchange } as const
    await bindTo(await faulty.session(), { ...ends, routingKey: '', arguments: {} })
    const keyed = (key: string) => ({ headers: { 'x-deduplication-header': key } })
    const { items } = faulty.broker.delivery
    const put = items.put.bind(items)
    let puts = 0
    items.put = (item, revision) => {
      puts += 1
      return puts === 1 ? put(item, revision) : Promise.reject(new Error('died'))
    }
    expect(await outcomesOf(once, [keyed('busy')])).toEqual(['routed'])
    items.put = put
    expect(await outcomesOf(once, [keyed('a'), keyed('busy'), keyed('b'), keyed('b')])).toEqual([
      'routed',
      'unavailable',
      'unavailable',
      'unavailable',
    ])
    expect(await countIn(queues[0] ?? '')).toBe(2)
    expect(await outcomesOf(once, [keyed('b')])).toEqual(['routed'])
    expect(await countIn(queues[0] ?? '')).toBe(3)
  })
})

describe('the relay', () => {
  test('sends what is left onward when a target fails, and nothing twice to those that took it', async () => {
    const { exchange, queues, urls } = await fanout(['standard', 'standard'])
    faulty.fault = failingSends((url) => !url.endsWith('-relay'))
    await publishTo(exchange)
    faulty.fault = failingSends((url) => url.endsWith(urls[0] ?? '?'))
    expect(await runRelay()).toBe(1)
    expect(await Promise.all(queues.map(countIn))).toEqual([0, 1])
    faulty.fault = () => undefined
    expect(await runRelay()).toBe(1)
    expect(await Promise.all(queues.map(countIn))).toEqual([1, 1])
    expect(await runRelay()).toBe(0)
  })

  test('keeps a message that it cannot read or cannot send at all', async () => {
    const { exchange } = await fanout(['standard', 'standard'])
    expect(await relay(faulty.broker, [{ id: 'odd', body: '{"v":99}' }])).toEqual(['odd'])
    faulty.fault = failingSends((url) => !url.endsWith('-relay'))
    await publishTo(exchange)
    expect(await runRelay()).toBe(1)
    faulty.fault = () => undefined
    expect(await runRelay()).toBe(1)
  })
})

test('the relay asks again before it takes a vhost that it does not know for deleted', async () => {
  const { exchange, queues } = await fanout(['standard', 'standard'])
  faulty.fault = failingSends((url) => !url.endsWith('-relay'))
  await publishTo(exchange)
  faulty.fault = () => undefined
  const { journals } = faulty.broker
  const { access } = await journals.view(journals.arrival())
  // What an environment sees whose lease is older than the vhost.
  const views = vi.spyOn(journals, 'view').mockResolvedValueOnce({ access, vhost: undefined, versions: {} })
  expect(await runRelay()).toBe(1)
  views.mockRestore()
  expect(await Promise.all(queues.map(countIn))).toEqual([1, 1])
})

describe('a batch', () => {
  const entry = (payload: string | Buffer) => ({ routingKey: '', properties: {}, payload: Buffer.from(payload) })

  test('sends nothing of a FIFO group behind a message that could not be stored', async () => {
    const { exchange, queues } = await fanout(['fifo'])
    const { claimChecks } = faulty.broker.delivery
    const encodes = vi.spyOn(claimChecks, 'encode').mockRejectedValueOnce(new Error('the blob store is down'))
    const outcomes = await publishBatch(await faulty.session(), exchange, [entry('1'), entry('2'), entry('3')])
    encodes.mockRestore()
    expect(outcomes).toMatchObject(Array(3).fill({ error: { kind: 'unavailable' } }))
    expect(await Promise.all(queues.map(countIn))).toEqual([0])
  })

  test('takes a hundred messages of a FIFO group and refuses the rest', async () => {
    const { exchange, queues } = await fanout(['fifo'])
    const entries = Array.from({ length: 101 }, (_, index) => entry(String(index)))
    const outcomes = await publishBatch(await faulty.session(), exchange, entries)
    expect(outcomes.slice(0, 100)).toEqual(Array(100).fill({ routed: true }))
    expect(outcomes[100]).toMatchObject({ error: { kind: 'invalid' } })
    const { vhost } = await faulty.session()
    const sqsQueueName = vhost.queueByName(queues[0] ?? '')?.sqsQueues[0]?.name ?? ''
    expect(await faulty.broker.delivery.counter.countNow(sqsQueueName)).toMatchObject({ ready: 100 })
  })
})

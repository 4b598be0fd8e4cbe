import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Broker } from '../../lib/broker/broker.ts'
import { openBroker } from '../../lib/broker/open-broker.ts'
import { internalQueueName } from '../../lib/config.ts'
import { type ScheduledMessage, toItem } from '../../lib/delivery/scheduled-message.ts'
import { encodeSweepItem, type SweepItem, sweepKey } from '../../lib/delivery/sweep-chain.ts'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { encodeIntent } from '../../lib/journal/intents.ts'
import { openSqsClient } from '../../lib/local/resources.ts'
import { catchErrorLog } from '../local/expected-errors.ts'
import { type AsDeployedOptions, type LeveretAsDeployed, startAsDeployed } from '../support/as-deployed.ts'
import { callApi, type EmbeddedLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

/** What has no part in other stories: new environments, custom resources, the clock, and objects that are gone. */

const dataDir = mkdtempSync(join(tmpdir(), 'leveret-as-deployed-'))
let leveret: LeveretAsDeployed
/** A broker of nobody's, to look at what is there. */
let witness: Broker
/** Whether the payloads in the bucket are gone, as they are by their age. */
let isLost = false
/** How often one was looked for that is gone. */
let lostReads = 0

const options: AsDeployedOptions = {
  dataDir,
  wrapBlobs: (blobs) => ({
    put: (key, bytes) => blobs.put(key, bytes),
    get: async (key) => {
      if (!isLost || !/^(live|scheduled)\//.test(key)) return blobs.get(key)
      lostReads += 1
      return undefined
    },
  }),
}

async function start(more: AsDeployedOptions = {}): Promise<void> {
  leveret = await startAsDeployed({ ...options, ...more })
  witness = openBroker(leveret.config)
}

async function stop(): Promise<void> {
  await witness.close()
  await leveret.close()
}

beforeAll(() => start({ hasCustomResources: false }))
afterAll(async () => {
  await stop()
  rmSync(dataDir, { recursive: true })
})
afterEach(() => {
  isLost = false
  lostReads = 0
  vi.restoreAllMocks()
})

const embedded: EmbeddedLeveret = {
  get running() {
    return leveret
  },
  call: (...call) => callApi(leveret, ...call),
}
const story = new Story(embedded)

const PUBLISHED_BYTES = 2_000_000
/** More than one publish sends to by itself. */
const WIDE = 60

/** A vhost with a base, and an exchange that leads to more queues than one publish sends to. */
async function wideVhost(): Promise<{ readonly inVhost: Story; readonly queues: readonly string[] }> {
  const inVhost = await story.inVhost(unique('wide'))
  const queues = Array.from({ length: WIDE }, (_, index) => `queue-${index}`)
  const binding = { source: 'amq.fanout', destination_type: 'queue', routing_key: '' }
  // As large as what is entered before a base is due.
  const bindings = queues.map((destination) => ({ ...binding, destination, arguments: { why: 'x'.repeat(5_000) } }))
  const file = { queues: queues.map((name) => ({ name })), bindings }
  expect((await inVhost.call('POST', `/api/definitions/${inVhost.vhost}`, file)).status).toBe(204)
  return { inVhost, queues }
}

test('a broker that no custom resource has set up is set up by the first request', async () => {
  expect(await story.call('GET', '/api/whoami')).toMatchObject({ status: 200, body: { name: 'guest' } })
})

describe('a payload that is larger than an SQS message', () => {
  test('reaches all queues of a wide fan-out, from an environment that begins with a base', async () => {
    const { inVhost, queues } = await wideVhost()
    const properties = { expiration: '600000' }
    expect(await inVhost.publish('amq.fanout', { payload: 'x'.repeat(PUBLISHED_BYTES), properties })).toBe(true)
    for (const queue of [queues[0] ?? '', queues.at(-1) ?? '']) {
      const got = await eventually(
        () => inVhost.get(queue),
        (messages) => messages.length > 0,
      )
      expect(got).toMatchObject([{ payload_bytes: PUBLISHED_BYTES }])
    }
  })

  test('stays in its queue, and with the relay, while the bucket does not have it', async () => {
    const errors = catchErrorLog()
    const { inVhost } = await wideVhost()
    const queue = await inVhost.queue('single')
    isLost = true
    const payload = 'x'.repeat(PUBLISHED_BYTES)
    expect(await inVhost.publish('', { routing_key: queue, payload })).toBe(true)
    const body = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    expect((await inVhost.call('POST', `${inVhost.path('queues', queue)}/get`, body)).status).toBe(503)
    expect(await inVhost.publish('amq.fanout', { payload })).toBe(true)
    await vi.waitUntil(() => JSON.stringify(errors.mock.calls).includes('a fan-out is left in the relay queue'), 20_000)
    isLost = false
    expect(await inVhost.get(queue)).toMatchObject([{ payload_bytes: PUBLISHED_BYTES }])
  })
})

/** Takes the first message of a queue to the internal queue `dead`, as SQS takes what was received too often. */
async function die(inVhost: Story, queue: string): Promise<void> {
  const { body } = await inVhost.call('GET', inVhost.path('queues', queue))
  const [QueueUrl = ''] = (body as { sqs_urls: string[] }).sqs_urls
  const sqs = openSqsClient(leveret.config.aws)
  const all = { MessageAttributeNames: ['All'] }
  const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...all }))
  const { Body: MessageBody, MessageAttributes } = message ?? {}
  const dead = `${leveret.config.sqsQueueUrlBase}/${internalQueueName(leveret.config, 'dead')}`
  await sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody, MessageAttributes }))
  sqs.destroy()
}

describe('a large message that was received too often', () => {
  test('reaches the dead-letter exchange, and waits while the bucket does not have its payload', async () => {
    const errors = catchErrorLog()
    const { inVhost } = await wideVhost()
    const dead = await inVhost.queue('after')
    const args = { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
    const [first, second] = [await inVhost.queue('first', args), await inVhost.queue('second', args)]
    const payload = 'x'.repeat(PUBLISHED_BYTES)
    for (const queue of [first, second]) await inVhost.publish('', { routing_key: queue, payload })
    await die(inVhost, first)
    const got = await eventually(
      () => inVhost.get(dead),
      (messages) => messages.length > 0,
    )
    expect(got).toMatchObject([{ payload_bytes: PUBLISHED_BYTES }])
    isLost = true
    await die(inVhost, second)
    await vi.waitUntil(() => JSON.stringify(errors.mock.calls).includes('a dead message is left'), 20_000)
    expect(await inVhost.get(dead)).toEqual([])
  })
})

describe('a large dead letter', () => {
  test('is listed and redriven, but while the bucket does not have its payload', async () => {
    catchErrorLog()
    const { inVhost } = await wideVhost()
    const queue = await inVhost.queue('keeps')
    await inVhost.publish('', { routing_key: queue, payload: 'x'.repeat(PUBLISHED_BYTES) })
    await inVhost.get(queue, { ackmode: 'reject_requeue_false' })
    const path = `${inVhost.path('queues', queue)}/dead-letters`
    const list = async () => (await inVhost.call('GET', `${path}?truncate=1`)).body as { items: object[] }
    const { items } = await eventually(list, (listed) => listed.items.length > 0)
    expect(items).toMatchObject([{ payload_bytes: PUBLISHED_BYTES, payload: 'x' }])
    isLost = true
    expect((await list()).items).toMatchObject([{ payload_bytes: null, payload: null }])
    const failed = await inVhost.call('POST', `${path}/redrive`, {})
    expect(failed).toMatchObject({ status: 200, body: { redriven: 0, failed: 1 } })
    isLost = false
    expect(await inVhost.call('POST', `${path}/redrive`, {})).toMatchObject({ status: 200, body: { redriven: 1 } })
    expect(await inVhost.get(queue)).toMatchObject([{ payload_bytes: PUBLISHED_BYTES }])
  })
})

describe('a large message that waits', () => {
  const HELD = { headers: { 'x-delay': 500 } }
  const payload = 'x'.repeat(PUBLISHED_BYTES)
  let inVhost: Story
  let [delayed, after] = ['', '']
  beforeAll(async () => {
    inVhost = await story.inVhost(unique('waiting'))
    delayed = await inVhost.exchange('delayed', 'x-delayed-message', { 'x-delayed-type': 'fanout' })
    after = await inVhost.queue('after')
    await inVhost.bind(delayed, after)
  })
  const arrives = async () => {
    const got = await eventually(
      () => inVhost.get(after),
      (messages) => messages.length > 0,
    )
    expect(got).toMatchObject([{ payload_bytes: PUBLISHED_BYTES }])
  }
  const isMissed = () => vi.waitUntil(() => lostReads > 0, { timeout: 20_000 })

  test('for its time is delivered then, and later where the bucket does not have it', async () => {
    catchErrorLog()
    await inVhost.publish(delayed, { payload, properties: HELD })
    await arrives()
    isLost = true
    await inVhost.publish(delayed, { payload, properties: HELD })
    await isMissed()
    isLost = false
    await arrives()
  })

  test('and is kept behind the exchange that holds it is brought to a queue that is bound later', async () => {
    const kept = await inVhost.exchange('kept', 'x-recent-history')
    const keptAgain = await inVhost.exchange('kept-again', 'x-recent-history')
    const bindExchange = async (source: string, destination: string) =>
      expect((await inVhost.call('POST', inVhost.bindingPath(source, 'e', destination), {})).status).toBe(201)
    await bindExchange(delayed, kept)
    await inVhost.publish(delayed, { payload, properties: HELD })
    await arrives()
    const late = await inVhost.queue('late')
    await bindExchange(kept, keptAgain)
    await inVhost.bind(keptAgain, late)
    const got = await eventually(
      () => inVhost.get(late),
      (messages) => messages.length > 0,
    )
    expect(got).toMatchObject([{ payload_bytes: PUBLISHED_BYTES }])
  })

  test('for a consumer and expires reaches the dead-letter exchange, once the bucket has it', async () => {
    const queue = await inVhost.queue('short', { 'x-message-ttl': 1, 'x-dead-letter-exchange': 'amq.fanout' })
    await inVhost.bind('amq.fanout', after)
    await inVhost.publish('', { routing_key: queue, payload })
    await arrives()
    isLost = true
    await inVhost.publish('', { routing_key: queue, payload })
    await isMissed()
    isLost = false
    // What could not be taken out is looked for ever more rarely; a door that meets it takes it out at once.
    expect(await inVhost.get(queue)).toEqual([])
    await arrives()
  })

  test.each<[string, Record<string, unknown>, (queue: string) => Promise<unknown>]>([
    ['is rejected', {}, (queue) => inVhost.call('POST', `${inVhost.path('queues', queue)}/get`, REJECT)],
    ['is received too often', { 'x-queue-type': 'quorum' }, (queue) => die(inVhost, queue)],
    ['expires', { 'x-message-ttl': 1 }, async () => undefined],
  ])('and %s waits anew where its dead-letter exchange holds it', async (_, args, end) => {
    const queue = await inVhost.queue(unique('ending'), { ...args, 'x-dead-letter-exchange': delayed })
    await inVhost.publish('', { routing_key: queue, payload, properties: HELD })
    await end(queue)
    await arrives()
  })
})

const REJECT = { count: 1, ackmode: 'reject_requeue_false', encoding: 'auto' }

test('the clock has those looked after whom everybody else forgot', async () => {
  const nowMs = Date.now()
  const { items } = witness.delivery
  const forgotten: ScheduledMessage = {
    ...{ dueMs: nowMs - 120_000, publishId: unique('forgotten'), hop: 0, vhostId: 'none', exchangeId: 'none' },
    ...{ version: 0, message: { body: 'x', attribute: '' }, claimedUntilMs: 0, handedOverMs: 0, attempts: 0 },
  }
  const scheduled = toItem(forgotten)
  // Of four parts of the queues the clock looks at one a minute.
  const chains = [0, 1, 2, 3].map((part) => ({
    vhostId: 'none',
    queueId: String(part),
    nextLookMs: nowMs - 600_000,
    lookedAtMs: [],
  }))
  await items.put(scheduled)
  for (const chain of chains) await items.put({ ...sweepKey(chain.queueId), data: encodeSweepItem(chain) })
  await leveret.clock()
  const areSeen = async () => {
    const isSeen = async (chain: SweepItem) =>
      (await items.get(sweepKey(chain.queueId)))?.data !== encodeSweepItem(chain)
    return (await Promise.all(chains.map(isSeen))).includes(true) && (await items.get(scheduled)) === undefined
  }
  await vi.waitUntil(areSeen, { timeout: 20_000, interval: 100 })
})

test('a policy reaches the SQS queues that it concerns', async () => {
  const inVhost = await story.inVhost(unique('policies'))
  await inVhost.queue('slow')
  const policy = { pattern: 'slow', 'apply-to': 'queues', definition: { 'consumer-timeout': 120_000 } }
  expect((await inVhost.call('PUT', inVhost.path('policies', 'patient'), policy)).status).toBe(201)
  const { body } = await inVhost.call('GET', inVhost.path('queues', 'slow'))
  const [url = ''] = (body as { sqs_urls: string[] }).sqs_urls
  const attributes = await witness.delivery.queues.attributes(url.slice(url.lastIndexOf('/') + 1))
  expect(attributes).toMatchObject({ VisibilityTimeout: '120' })
})

test('a definitions file that is deployed with an app is imported, with SQS queues for its queues', async () => {
  const queue = unique('deployed')
  const binding = { vhost: '/', source: 'amq.fanout', destination: queue, destination_type: 'queue', routing_key: '' }
  const file = { queues: [{ vhost: '/', name: queue }], bindings: [binding] }
  writeFileSync(join(dataDir, 'definitions.json'), JSON.stringify(file))
  const properties = { Store: `${pathToFileURL(dataDir)}/`, Key: 'definitions.json' }
  expect(await leveret.changeStack('Create', properties, 'Custom::LeveretDefinitions')).toMatchObject({
    Status: 'SUCCESS',
  })
  expect(await story.publish('amq.fanout', { payload: 'routed' })).toBe(true)
  expect(await story.get(queue)).toMatchObject([{ payload: 'routed' }])
})

/** SQS queues that somebody made, or was to delete, eleven minutes ago, and then died. */
async function leaveQueues(state: 'creating' | 'deleting'): Promise<string> {
  const name = witness.delivery.queues.newName(unique('left'), false)
  await witness.delivery.queues.create(name)
  const store = openDynamoDbStore(leveret.config)
  const createdMs = Date.now() - 11 * 60_000
  await store.putIntent(encodeIntent({ id: name, state, createdMs, body: { sqsQueues: [name] } }))
  store.close()
  return name
}

const isThere = async (sqsQueueName: string): Promise<boolean> =>
  (await witness.delivery.queues.attributes(sqsQueueName)) !== undefined

test('the clock deletes SQS queues that were left behind', async () => {
  const left = [await leaveQueues('creating'), await leaveQueues('deleting')]
  expect(await Promise.all(left.map(isThere))).toEqual([true, true])
  await leveret.clock()
  expect(await Promise.all(left.map(isThere))).toEqual([false, false])
})

test('the clock deletes a queue that nobody uses, and leaves one that is used', async () => {
  const [unused, used] = [await story.queue(unique('unused'), EXPIRING), await story.queue(unique('used'), EXPIRING)]
  await story.publish('amq.default', { routing_key: unused, payload: 'x' })
  const status = async (queue: string) => (await story.call('GET', story.path('queues', queue))).status
  await eventually(
    async () => {
      await leveret.clock()
      await story.get(used)
      return status(unused)
    },
    (found) => found === 404,
  )
  expect(await status(used)).toBe(200)
})
const EXPIRING = { 'x-expires': 2000 }

describe('new environments of all functions', () => {
  let queue = ''
  let inVhost: Story
  beforeAll(async () => {
    inVhost = (await wideVhost()).inVhost
    queue = await story.queue(unique('kept'))
    await stop()
    await start()
  })

  test('serve what was there before, with the administrator as it was', async () => {
    expect(await leveret.changeStack('Update')).toMatchObject({ Status: 'SUCCESS' })
    const answer = await story.call('GET', '/api/queues?disable_stats=true')
    expect(answer.status).toBe(200)
    expect((answer.body as { name: string }[]).map(({ name }) => name)).toContain(queue)
  })

  test('deliver what was held, and what expires, in a vhost whose journal has a base', async () => {
    const after = await inVhost.queue('after')
    const delayed = await inVhost.exchange('delayed', 'x-delayed-message', { 'x-delayed-type': 'fanout' })
    await inVhost.bind(delayed, after)
    const args = { 'x-message-ttl': 1, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': after }
    const short = await inVhost.queue('short', args)
    await inVhost.publish(delayed, { payload: 'held', properties: { headers: { 'x-delay': 1 } } })
    await inVhost.publish('', { routing_key: short, payload: 'expired' })
    const payloads: string[] = []
    await eventually(
      async () => payloads.push(...(await inVhost.get(after)).map(({ payload }) => payload)),
      (count) => count >= 2,
    )
    expect(payloads.sort()).toEqual(['expired', 'held'])
  })

  test('find no SQS queue of the broker after its stack is deleted with all that it holds', async () => {
    const { body } = await story.call('GET', story.path('queues', queue))
    const [url = ''] = (body as { sqs_urls: string[] }).sqs_urls
    const declared = url.slice(url.lastIndexOf('/') + 1)
    const left = await leaveQueues('deleting')
    expect(await Promise.all([declared, left].map(isThere))).toEqual([true, true])
    expect(await leveret.changeStack('Delete', { DeleteQueues: 'true' })).toMatchObject({ Status: 'SUCCESS' })
    expect(await Promise.all([declared, left].map(isThere))).toEqual([false, false])
  })
})

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Story, unique } from '../integration/story.ts'
import { useLeveret } from '../support/embedded.ts'
import { invoke, leaveQueueToDelete, queueNames } from './aws-calls.ts'

/** What the stories cannot show: what CloudFormation and EventBridge do with a broker. Last, since it takes the broker down. */
const leveret = useLeveret()
const story = new Story(leveret)

let cloudFormation: Server | undefined
let responseUrl = ''
const answers: { Status: string; Reason?: string; PhysicalResourceId: string; RequestId: string }[] = []

beforeAll(async () => {
  cloudFormation = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    answers.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof answers)[number])
    response.end()
  }).listen(0, '127.0.0.1')
  await once(cloudFormation, 'listening')
  responseUrl = `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}/`
})
afterAll(() => cloudFormation?.close())

/** As CloudFormation does it, which on LocalStack does not. */
async function request(RequestType: 'Create' | 'Update' | 'Delete', properties: Record<string, string>) {
  const RequestId = unique('request')
  const result = await invoke('Bootstrap', {
    RequestType,
    RequestId,
    ResponseURL: responseUrl,
    StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Leveret/1',
    LogicalResourceId: 'SetUp',
    PhysicalResourceId: 'leveret',
    ResourceProperties: properties,
  })
  expect(result).toBe('null')
  return answers.find((answer) => answer.RequestId === RequestId)
}

describe('the clock', () => {
  test('is called by its rule each minute, and finishes what others left', { timeout: 180_000 }, async () => {
    const left = await leaveQueueToDelete(unique('left'))
    expect(await queueNames()).toContain(left)
    await expect.poll(queueNames, { timeout: 150_000, interval: 1_000 }).not.toContain(left)
  })

  test('runs without a fault when it is called', async () => {
    expect(await invoke('Clock', {})).toBe('null')
  })
})

describe('the custom resource', () => {
  test.each(['Create', 'Update'] as const)('answers %s, and brings nothing back that was deleted', async (type) => {
    expect(await request(type, { DeleteQueues: 'true' })).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'leveret',
    })
    expect((await story.call('GET', '/api/users/admin')).status).toBe(404)
  })

  test('leaves everything where it is when a stack is deleted that keeps its messages', async () => {
    const queue = await story.queue(unique('kept'))
    expect(await request('Delete', { DeleteQueues: 'false' })).toMatchObject({ Status: 'SUCCESS' })
    await story.publish('amq.default', { routing_key: queue, payload: 'still here' })
    expect(await story.get(queue)).toHaveLength(1)
  })

  test('deletes all SQS queues of the broker when a stack is deleted that keeps nothing', {
    timeout: 300_000,
  }, async () => {
    await story.queue(unique('last'))
    expect((await queueNames()).length).toBeGreaterThan(2)
    expect(await request('Delete', { DeleteQueues: 'true' })).toMatchObject({ Status: 'SUCCESS' })
    expect(await queueNames()).toEqual([expect.stringMatching(/-failed$/), expect.stringMatching(/-relay$/)])
    expect(await request('Delete', { DeleteQueues: 'true' })).toMatchObject({ Status: 'SUCCESS' })
  })
})

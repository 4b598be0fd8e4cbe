import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Story, unique } from '../../integration/story.ts'
import { callApi, useLeveret } from '../../support/embedded.ts'
import { callForText, deleteQueue, peekBodies, queueUrls } from '../aws-calls.ts'
import { sendToCustomResource } from '../custom-resource.ts'
import { deploy, destroy, openBroker, readOutputs } from '../deployment.ts'
import { leftovers } from '../inventory.ts'
import { siteFromEnvironment } from '../site.ts'

/*
 * A stack from its second deployment to its end, and another one in its place; each test goes on from the one before.
 * What CloudFormation would have the custom resource do, the tests ask of its function themselves.
 */

const site = siteFromEnvironment()
const leveret = useLeveret()
const story = new Story(leveret)
const LONG_LEASE_MS = 1000

/** The broker's SQS queues that the stack itself declares, and so deletes. */
async function declaredByStack(): Promise<string[]> {
  const query = 'Action=DescribeStackResources&Version=2010-05-15&StackName=Leveret'
  const xml = await callForText(site, 'cloudformation', `/?${query}`, { method: 'POST' })
  const members = xml.match(/<member>.*?<\/member>/gs) ?? []
  const queues = members.filter((member) => member.includes('<ResourceType>AWS::SQS::Queue</ResourceType>'))
  return queues.map((member) => /<PhysicalResourceId>(.*?)<\/PhysicalResourceId>/.exec(member)?.[1] ?? '').map(nameOf)
}

const nameOf = (queueUrl: string): string => queueUrl.slice(queueUrl.lastIndexOf('/') + 1)

const ownQueues = async (): Promise<string[]> => (await queueUrls(site, `${readOutputs(site).NamePrefix}-`)).map(nameOf)

const sqsUrlsOf = async (owner: Story, queue: string): Promise<string[]> =>
  ((await owner.call('GET', owner.path('queues', queue))).body as { sqs_urls: string[] }).sqs_urls

describe('deployed again', () => {
  const kept = unique('kept')

  test('as it is, a broker is left alone', async () => {
    await story.queue(kept)
    await story.publish('amq.default', { routing_key: kept, payload: 'from before' })
    expect(await deploy(site)).toContain('(no changes)')
  })

  test('with another lease, it keeps what it held', async () => {
    expect(await deploy(site, { leaseMs: LONG_LEASE_MS })).not.toContain('(no changes)')
    const properties = { LeaseMs: String(LONG_LEASE_MS), DeleteQueues: 'true' }
    expect(await sendToCustomResource(site, 'Update', properties)).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'leveret',
    })
    expect(await story.get(kept, { count: 1 })).toMatchObject([{ payload: 'from before' }])
  })

  test('it does not bring back the first administrator, who was deleted', async () => {
    expect(await sendToCustomResource(site, 'Create', { DeleteQueues: 'true' })).toMatchObject({ Status: 'SUCCESS' })
    expect((await story.call('GET', '/api/users/admin')).status).toBe(404)
  })
})

describe('a lease of 1000 ms', () => {
  test('makes a change wait for it, and the next publish obeys the change wherever it is served', async () => {
    const queue = await story.queue(unique('leased'))
    /** Several at once, so that environments that read the topology a moment ago serve some of them. */
    const publishes = () =>
      Promise.all(Array.from({ length: 4 }, () => story.publish('amq.topic', { routing_key: queue, payload: 'x' })))
    for (let round = 0; round < 4; round++) {
      expect(await publishes()).toEqual([false, false, false, false])
      const startedMs = performance.now()
      await story.bind('amq.topic', queue, queue)
      expect(performance.now() - startedMs).toBeGreaterThan(LONG_LEASE_MS)
      expect(await publishes()).toEqual([true, true, true, true])
      const unbound = await story.call('DELETE', story.bindingPath('amq.topic', 'q', queue, queue))
      expect(unbound.status).toBe(204)
    }
  })
})

describe('taken down', () => {
  test('it keeps its messages where the stack says so', async () => {
    const queue = await story.queue(unique('kept'))
    await story.publish('amq.default', { routing_key: queue, payload: 'still here' })
    expect(await sendToCustomResource(site, 'Delete', { DeleteQueues: 'false' })).toMatchObject({ Status: 'SUCCESS' })
    expect(await story.get(queue, { count: 1 })).toMatchObject([{ payload: 'still here' }])
  })

  test('else it deletes all of its SQS queues that the stack does not; asked again, it has nothing to do', async () => {
    await story.queue(unique('last'))
    const declared = await declaredByStack()
    expect(declared.length).toBeGreaterThan(0)
    expect((await ownQueues()).length).toBeGreaterThan(declared.length)
    for (const _ of ['first', 'again']) {
      expect(await sendToCustomResource(site, 'Delete', { DeleteQueues: 'true' })).toMatchObject({ Status: 'SUCCESS' })
      expect((await ownQueues()).sort()).toEqual(declared.sort())
    }
  })
})

describe('a second stack of the same name', () => {
  const name = 'orders'
  let leftUrl = ''

  test('comes after the first one, of which nothing is left but what was declared since', async () => {
    await story.queue(name)
    await story.publish('amq.default', { routing_key: name, payload: "the first one's" })
    leftUrl = (await sqsUrlsOf(story, name))[0] ?? ''
    await destroy(site)
    expect(await leftovers(site)).toEqual([`queue/${nameOf(leftUrl)}`])
  })

  test('can be deployed where a deployment has failed', async () => {
    const app = `node ${fileURLToPath(new URL('../failing-app.ts', import.meta.url))}`
    await expect(deploy(site, { app })).rejects.toThrow(/cdk deploy failed/)
    await deploy(site)
  })

  test("finds none of the first one's queues, and takes none of them down", async () => {
    const running = await openBroker(site)
    const second = new Story({ running, call: (...call) => callApi(running, ...call) })
    await second.queue(name)
    expect(await sqsUrlsOf(second, name)).not.toContain(leftUrl)
    expect(await second.get(name)).toEqual([])
    expect(await sendToCustomResource(site, 'Delete', { DeleteQueues: 'true' })).toMatchObject({ Status: 'SUCCESS' })
    await destroy(site)
    expect(await leftovers(site)).toEqual([`queue/${nameOf(leftUrl)}`])
    expect(await peekBodies(site, leftUrl)).toEqual(["the first one's"])
    await deleteQueue(site, leftUrl)
  })
})

import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { DeleteQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runLeveret } from '../../cli/spawn-leveret.ts'
import { Story, unique } from '../../integration/story.ts'
import { useLeveret } from '../../support/embedded.ts'

/** The commands of those who look after a broker, with a table and SQS queues that CloudFormation made. */
const leveret = useLeveret()
const story = new Story(leveret)

const endpoint = process.env.LEVERET_SQS_ENDPOINT ?? ''
const REGION = 'us-east-1'
const env = {
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
}
const client = { endpoint, region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }
const sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false })
afterAll(() => sqs.destroy())

let table = ''
beforeAll(async () => {
  const dynamoDb = new DynamoDBClient(client)
  const { TableNames = [] } = await dynamoDb.send(new ListTablesCommand({}))
  dynamoDb.destroy()
  table = TableNames.find((name) => name.includes('Topology')) ?? ''
})

const doctor = (...args: string[]) => runLeveret(['doctor', '--table', table, ...args], env)

async function declare(): Promise<{ name: string; url: string; sqsQueueName: string }> {
  const name = await story.queue(unique('patient'))
  const { body } = await story.call('GET', story.path('queues', name))
  const url = (body as { sqs_urls: string[] }).sqs_urls[0] ?? ''
  return { name, url, sqsQueueName: url.slice(url.lastIndexOf('/') + 1) }
}

/** The prefix of all names; the random part and the slug are cut off. */
const prefixOf = (sqsQueueName: string): string => sqsQueueName.replace(/-patient-.*$/, '')

describe('leveret doctor', () => {
  test('finds what CloudFormation and the broker made as it should be', async () => {
    const { sqsQueueName } = await declare()
    const { printed } = await doctor()
    expect(printed).not.toContain(sqsQueueName)
    expect(printed).not.toMatch(new RegExp(`${prefixOf(sqsQueueName)}-(relay|dead|failed)\\b`))
  })

  test('finds changed attributes and a missing SQS queue, and repairs them', async () => {
    const [changed, lost] = [await declare(), await declare()]
    const attributes = { MessageRetentionPeriod: '60', MaximumMessageSize: '1024', Policy: '' }
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: changed.url, Attributes: attributes }))
    await sqs.send(new DeleteQueueCommand({ QueueUrl: lost.url }))

    const found = await doctor()
    expect(found.code).toBe(1)
    expect(found.printed).toMatch(
      new RegExp(
        `^wrong attributes +${changed.sqsQueueName} .*MaximumMessageSize is 1024, not 1048576; MessageRetentionPeriod is 60, not 864000; Policy is not set`,
        'm',
      ),
    )
    expect(found.printed).toMatch(
      new RegExp(`^missing +${lost.sqsQueueName}: the SQS queue of queue '${lost.name}'`, 'm'),
    )

    // SQS blocks a deleted name for a minute.
    const repaired = async () => {
      const { printed } = await doctor('--fix', '--yes')
      return printed.split('\n\n').at(-1) ?? ''
    }
    await expect.poll(repaired, { timeout: 120_000, interval: 10_000 }).not.toContain('missing')
    const { printed } = await doctor()
    expect(printed).not.toContain(changed.sqsQueueName)
    expect(printed).not.toContain(lost.sqsQueueName)
    await story.publish('amq.default', { routing_key: lost.name, payload: 'found' })
    expect(await story.get(lost.name)).toHaveLength(1)
  })
})

describe('leveret replay-failed', () => {
  test('finds the failed queue of the stack', async () => {
    const { sqsQueueName } = await declare()
    const prefix = prefixOf(sqsQueueName)
    expect(await runLeveret(['replay-failed', '--prefix', prefix], env)).toMatchObject({
      code: 0,
      printed: `Nothing is in ${prefix}-failed.\nNothing is in ${prefix}-failed.fifo.\n`,
    })
  })
})

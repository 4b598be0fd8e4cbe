import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import {
  type AwsOptions,
  type Config,
  clientOptions,
  FAILED_QUEUES,
  type FailedQueue,
  failedQueueOf,
  fedQueues,
  internalQueueName,
  MAX_FEED_ATTEMPTS,
  whereQueuesAre,
} from '../config.ts'
import { MESSAGES_TABLE } from '../delivery/messages-table.ts'
import { type TableDefinition, TOPOLOGY_TABLE } from '../journal/table.ts'

/**
 * What the stack sets on its own queues (docs/architecture.md): 14 days, and a visibility timeout well above what a function
 * takes, though short enough that what a killed process had in hand comes back while its user still looks.
 */
const INTERNAL_QUEUE_ATTRIBUTES = { MessageRetentionPeriod: String(14 * 86_400), VisibilityTimeout: '30' }
const TABLE_DEADLINE_S = 30

export interface Resources {
  readonly sqsQueueUrlBase: string
  readonly sqsQueueArnBase: string
}

/**
 * Creates what the stack creates on AWS, where it is missing: the tables and the internal queues. Where queues live is
 * read off one that was made.
 */
export async function createResources(
  { aws, ...names }: Pick<Config, 'aws' | 'namePrefix' | 'topologyTable' | 'messagesTable'>,
  sqs: SQSClient,
): Promise<Resources> {
  const [where] = await Promise.all([
    createInternalQueues(names, sqs),
    createTables(aws, { [names.topologyTable]: TOPOLOGY_TABLE, [names.messagesTable]: MESSAGES_TABLE }),
  ])
  return where
}

/** Those that take what others failed with come first: what refers to them needs them. */
async function createInternalQueues(names: Pick<Config, 'namePrefix'>, sqs: SQSClient): Promise<Resources> {
  const [failed, failedFifo] = await Promise.all(
    FAILED_QUEUES.map((queue) => createQueue(sqs, internalQueueName(names, queue))),
  )
  const where = failed ?? failedFifo
  if (where === undefined) throw new Error('there are no failed queues')
  const redriveTo = (queue: FailedQueue): string =>
    JSON.stringify({
      deadLetterTargetArn: `${where.sqsQueueArnBase}${internalQueueName(names, queue)}`,
      maxReceiveCount: MAX_FEED_ATTEMPTS,
    })
  await Promise.all(
    fedQueues().map((queue) =>
      createQueue(sqs, internalQueueName(names, queue), { RedrivePolicy: redriveTo(failedQueueOf(queue)) }),
    ),
  )
  return where
}

async function createTables(aws: AwsOptions, tables: Readonly<Record<string, TableDefinition>>): Promise<void> {
  const client = new DynamoDBClient(clientOptions(aws, 'dynamodb'))
  try {
    await Promise.all(Object.entries(tables).map(([name, definition]) => createTable(client, name, definition)))
  } finally {
    client.destroy()
  }
}

async function createTable(client: DynamoDBClient, TableName: string, definition: TableDefinition): Promise<void> {
  try {
    await client.send(new CreateTableCommand({ TableName, ...definition }))
    await waitUntilTableExists({ client, maxWaitTime: TABLE_DEADLINE_S, minDelay: 1 }, { TableName })
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error
  }
}

async function createQueue(
  sqs: SQSClient,
  name: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<Resources> {
  // Created without what may change: one that exists with attributes of another release is then no conflict.
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: fifoAttributes(name) }))
  const Attributes = { ...INTERNAL_QUEUE_ATTRIBUTES, ...attributes }
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  return whereQueuesAre({ name, url: QueueUrl ?? '', arn: answer.Attributes?.QueueArn ?? '' })
}

const fifoAttributes = (name: string): Record<string, string> | undefined =>
  name.endsWith('.fifo') ? { FifoQueue: 'true' } : undefined

/** A queue's URL says where it is from elsewhere (LocalStack's names a public host); the endpoint is what is reachable here. */
export const openSqsClient = (aws: AwsOptions): SQSClient =>
  new SQSClient({ ...clientOptions(aws, 'sqs'), useQueueUrlAsEndpoint: false })

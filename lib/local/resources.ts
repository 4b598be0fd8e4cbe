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
  INTERNAL_QUEUES,
  internalQueueName,
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
  const queueNames = Object.values(INTERNAL_QUEUES).map((queue) => internalQueueName(names, queue))
  const [made] = await Promise.all([
    Promise.all(queueNames.map((name) => createQueue(sqs, name))),
    createTables(aws, { [names.topologyTable]: TOPOLOGY_TABLE, [names.messagesTable]: MESSAGES_TABLE }),
  ])
  const [first] = made
  if (first === undefined) throw new Error('there are no internal queues')
  return first
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

async function createQueue(sqs: SQSClient, name: string): Promise<Resources> {
  // Created without attributes: one that exists with those of another release is then no conflict.
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }))
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: INTERNAL_QUEUE_ATTRIBUTES }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  return whereQueuesAre({ name, url: QueueUrl ?? '', arn: Attributes?.QueueArn ?? '' })
}

/** A queue's URL says where it is from elsewhere (LocalStack's names a public host); the endpoint is what is reachable here. */
export const openSqsClient = (aws: AwsOptions): SQSClient =>
  new SQSClient({ ...clientOptions(aws, 'sqs'), useQueueUrlAsEndpoint: false })

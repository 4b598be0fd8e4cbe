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
  fedQueues,
  type InternalQueue,
  internalQueueName,
  internalQueues,
  whereQueuesAre,
} from '../config.ts'
import { MESSAGES_TABLE } from '../delivery/messages-table.ts'
import { internalAttributes } from '../delivery/sqs-attributes.ts'
import { type TableDefinition, TOPOLOGY_TABLE } from '../journal/table.ts'

/** Well above what a function takes, though short enough that what a killed process had in hand comes back while its user still looks. */
const VISIBILITY_S = 30
const TABLE_DEADLINE_S = 30

export interface Resources {
  readonly sqsQueueUrlBase: string
  readonly sqsQueueArnBase: string
}

/**
 * Creates what the stack creates on AWS, where it is missing: the tables and the internal queues. Where queues live is
 * read off one that was made.
 */
export async function createResources({
  aws,
  ...names
}: Pick<Config, 'aws' | 'namePrefix' | 'topologyTable' | 'messagesTable'>): Promise<Resources> {
  const tables = { [names.topologyTable]: TOPOLOGY_TABLE, [names.messagesTable]: MESSAGES_TABLE }
  const sqs = openSqsClient(aws)
  try {
    const [resources] = await Promise.all([createQueues(names, sqs), createTables(aws, tables)])
    return resources
  } finally {
    sqs.destroy()
  }
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

/** Those that take what others failed with come first: what refers to them needs them. */
async function createQueues(names: Pick<Config, 'namePrefix'>, sqs: SQSClient): Promise<Resources> {
  const create = (queue: InternalQueue) => createQueue(sqs, internalQueueName(names, queue))
  const [where] = await Promise.all(FAILED_QUEUES.map(create))
  if (where === undefined) throw new Error('there are no failed queues')
  await Promise.all(fedQueues().map(create))
  await Promise.all(internalQueues().map((queue) => configureQueue(sqs, { ...names, ...where }, queue)))
  return where
}

/** As the stack does; SQS does not let the kind of a queue be set again. */
async function configureQueue(
  sqs: SQSClient,
  where: Pick<Config, 'namePrefix'> & Resources,
  queue: InternalQueue,
): Promise<void> {
  const { FifoQueue: _fixed, ...attributes } = internalAttributes(where, queue)
  const Attributes = { ...attributes, VisibilityTimeout: String(VISIBILITY_S) }
  const QueueUrl = `${where.sqsQueueUrlBase}/${internalQueueName(where, queue)}`
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))
}

/** Created without what may change: one that exists with attributes of another release is then no conflict. */
async function createQueue(sqs: SQSClient, name: string): Promise<Resources> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: fifoAttributes(name) }))
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }))
  return whereQueuesAre({ name, url: QueueUrl ?? '', arn: Attributes?.QueueArn ?? '' })
}

const fifoAttributes = (name: string): Record<string, string> | undefined =>
  name.endsWith('.fifo') ? { FifoQueue: 'true' } : undefined

/** A queue's URL says where it is from elsewhere (LocalStack's names a public host); the endpoint is what is reachable here. */
export const openSqsClient = (aws: AwsOptions): SQSClient =>
  new SQSClient({ ...clientOptions(aws, 'sqs'), useQueueUrlAsEndpoint: false })

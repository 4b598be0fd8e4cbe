import { GetQueueAttributesCommand, ListQueuesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { type AwsOptions, clientOptions } from '../config.ts'

/** Where an account's SQS queues live, as `Config` has it. */
export interface SqsLocation {
  readonly sqsQueueUrlBase: string
  readonly sqsQueueArnBase: string
}

export interface SqsListing {
  readonly names: readonly string[]
  /** Undefined where nothing was found that would tell. */
  readonly location: SqsLocation | undefined
}

/**
 * Calls for people who look after a broker. No function makes them: what exists is read off the journal, never off SQS
 * (docs/architecture.md).
 */
export interface SqsInventory {
  /** All SQS queues whose names begin so. SQS may show what was deleted in the last minute, and miss what was made. */
  list(namePrefix: string): Promise<SqsListing>
  setAttributes(queueUrl: string, attributes: Readonly<Record<string, string>>): Promise<void>
  close(): void
}

/** The most that ListQueues answers at once. */
const PAGE_SIZE = 1000

/** Every call throws what the SDK throws. */
export function openSqsInventory(aws: AwsOptions): SqsInventory {
  const client = new SQSClient({ ...clientOptions(aws, 'sqs'), useQueueUrlAsEndpoint: false })
  return {
    async list(namePrefix) {
      const urls = await listUrls(client, namePrefix)
      const [first] = urls
      return { names: urls.map(nameOf), location: first === undefined ? undefined : await locationOf(client, first) }
    },
    async setAttributes(queueUrl, attributes) {
      await client.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { ...attributes } }))
    },
    close: () => client.destroy(),
  }
}

async function listUrls(client: SQSClient, namePrefix: string): Promise<string[]> {
  const urls: string[] = []
  let token: string | undefined
  do {
    const input = { QueueNamePrefix: namePrefix, MaxResults: PAGE_SIZE, NextToken: token }
    const { QueueUrls = [], NextToken } = await client.send(new ListQueuesCommand(input))
    urls.push(...QueueUrls)
    token = NextToken
  } while (token !== undefined)
  return urls
}

async function locationOf(client: SQSClient, url: string): Promise<SqsLocation> {
  const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] })
  const { Attributes } = await client.send(command)
  const arn = Attributes?.QueueArn ?? ''
  return {
    sqsQueueUrlBase: url.slice(0, url.lastIndexOf('/')),
    sqsQueueArnBase: arn.slice(0, arn.lastIndexOf(':') + 1),
  }
}

const nameOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

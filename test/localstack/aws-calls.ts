import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { AwsOptions } from '../../lib/config.ts'

/** The calls of AWS that the suite makes itself, to a LocalStack, which looks at no signature. */

export interface Address {
  readonly url: string
}

export const region = 'us-east-1'
/** LocalStack takes any; the account is 000000000000. */
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
/** A function may take as long as it is let; clients of ours give up a little later. */
const INVOCATION_DEADLINE_MS = 280_000

/** For the project's own stores. */
export const awsOptions = ({ url }: Address): AwsOptions => ({
  region,
  credentials,
  endpoints: { dynamodb: url, sqs: url, s3: url, secretsmanager: url },
})

/** For a client of the AWS SDK. */
export const clientConfig = ({ url }: Address) => ({ endpoint: url, region, credentials })

export const openSqs = (address: Address): SQSClient => new SQSClient(clientConfig(address))

async function withSqs<T>(address: Address, work: (sqs: SQSClient) => Promise<T>): Promise<T> {
  const sqs = openSqs(address)
  return work(sqs).finally(() => sqs.destroy())
}

const MAX_LISTED = 1000

/** The URLs of all SQS queues, or of those whose names begin so. At most 1000. */
export const queueUrls = (address: Address, namePrefix?: string): Promise<string[]> =>
  withSqs(address, async (sqs) => {
    const input = { MaxResults: MAX_LISTED, ...(namePrefix !== undefined && { QueueNamePrefix: namePrefix }) }
    return (await sqs.send(new ListQueuesCommand(input))).QueueUrls ?? []
  })

export const createQueue = (address: Address, name: string): Promise<unknown> =>
  withSqs(address, (sqs) => sqs.send(new CreateQueueCommand({ QueueName: name })))

export const deleteQueue = (address: Address, url: string): Promise<unknown> =>
  withSqs(address, (sqs) => sqs.send(new DeleteQueueCommand({ QueueUrl: url })))

/** The bodies of what is in an SQS queue: at most ten. They stay in it. */
export const peekBodies = (address: Address, url: string): Promise<(string | undefined)[]> =>
  withSqs(address, async (sqs) => {
    const input = { QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(input))
    return Messages.map(({ Body }) => Body)
  })

/** How many messages an SQS queue holds, those that somebody has in hand included. */
export const messagesIn = (address: Address, url: string): Promise<number> =>
  withSqs(address, async (sqs) => {
    const counted = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const
    const input = { QueueUrl: url, AttributeNames: [...counted] }
    const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand(input))
    return counted.reduce((sum, name) => sum + Number(Attributes[name]), 0)
  })

/** A call of a service whose SDK is not among the dependencies; resolves with the answer, whatever its status. */
export function callService(
  { url }: Address,
  service: string,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const credential = `Credential=test/20000101/${region}/${service}/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=none`
  const headers = { ...(init.headers as Record<string, string> | undefined), authorization }
  return fetch(url + path, { signal: AbortSignal.timeout(INVOCATION_DEADLINE_MS), ...init, headers })
}

/** As {@link callService}; rejects where it answers an error. */
export async function callForText(
  address: Address,
  service: string,
  path: string,
  init?: RequestInit,
): Promise<string> {
  const response = await callService(address, service, path, init)
  const text = await response.text()
  if (!response.ok) throw new Error(`${service} ${path}: ${response.status} ${text}`)
  return text
}

export const callForJson = async (...call: Parameters<typeof callForText>): Promise<unknown> =>
  JSON.parse(await callForText(...call))

/** The names of all functions. */
export async function functionNames(address: Address): Promise<string[]> {
  const { Functions } = (await callForJson(address, 'lambda', '/2015-03-31/functions/?MaxItems=1000')) as {
    Functions: { FunctionName: string }[]
  }
  return Functions.map(({ FunctionName }) => FunctionName)
}

/** What a stack's resources are called, by their logical ids. */
export async function physicalIds(address: Address, stack: string): Promise<ReadonlyMap<string, string>> {
  const xml = await callForText(address, 'cloudformation', '/', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `Action=DescribeStackResources&Version=2010-05-15&StackName=${stack}`,
  })
  const textOf = (text: string, name: string): string => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? ''
  return new Map(
    Array.from(xml.matchAll(/<member>([\s\S]*?)<\/member>/g), ([, member = '']) => [
      textOf(member, 'LogicalResourceId'),
      textOf(member, 'PhysicalResourceId'),
    ]),
  )
}

/** Calls a function of a stack's broker by its construct's id, waits, and answers what it answered. Throws where it failed. */
export async function invoke(address: Address, id: string, event: object, stack = 'Leveret'): Promise<string> {
  const name = (await functionNames(address)).find((found) => found.startsWith(`${stack}-Broker${id}Function`))
  if (name === undefined) throw new Error(`there is no function ${id} of ${stack}`)
  const init = { method: 'POST', body: JSON.stringify(event) }
  const response = await callService(address, 'lambda', `/2015-03-31/functions/${name}/invocations`, init)
  const text = await response.text()
  if (!response.ok || response.headers.has('x-amz-function-error')) throw new Error(`${id}: ${text}`)
  return text
}

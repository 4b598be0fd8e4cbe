import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { encodeIntent } from '../../lib/journal/intents.ts'

/** The few calls of AWS that the tests make themselves, to a LocalStack, which looks at no signature. */

const endpoint = process.env.LEVERET_SQS_ENDPOINT ?? ''
const namePrefix = process.env.LEVERET_NAME_PREFIX ?? ''
const REGION = 'us-east-1'
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }
const ELEVEN_MINUTES_MS = 11 * 60_000

const openSqs = (): SQSClient => new SQSClient({ endpoint, region: REGION, credentials: CREDENTIALS })

const authorization = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=test/20000101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=none`

async function functionName(id: string): Promise<string> {
  const response = await fetch(`${endpoint}/2015-03-31/functions/`, {
    headers: { authorization: authorization('lambda') },
  })
  const { Functions } = (await response.json()) as { Functions: { FunctionName: string }[] }
  const found = Functions.find(({ FunctionName }) => FunctionName.includes(`-Broker${id}Function`))
  if (found === undefined) throw new Error(`there is no function ${id}`)
  return found.FunctionName
}

/** Calls a function of the broker by its construct's id, waits, and answers what it answered. Throws where it failed. */
export async function invoke(id: string, event: object): Promise<string> {
  const response = await fetch(`${endpoint}/2015-03-31/functions/${await functionName(id)}/invocations`, {
    method: 'POST',
    headers: { authorization: authorization('lambda') },
    body: JSON.stringify(event),
    signal: AbortSignal.timeout(280_000),
  })
  const text = await response.text()
  if (response.status !== 200 || response.headers.has('x-amz-function-error')) throw new Error(`${id}: ${text}`)
  return text
}

/** Makes an SQS queue of the broker and leaves it as somebody does who is to delete it and dies, eleven minutes ago. */
export async function leaveQueueToDelete(name: string): Promise<string> {
  const sqsQueueName = `${namePrefix}-${name}`
  const sqs = openSqs()
  await sqs.send(new CreateQueueCommand({ QueueName: sqsQueueName }))
  sqs.destroy()
  const topologyTable = process.env.LEVERET_TOPOLOGY_TABLE ?? ''
  const aws = { region: REGION, credentials: CREDENTIALS, endpoints: { dynamodb: endpoint } }
  const store = openDynamoDbStore({ aws, topologyTable })
  const body = { sqsQueues: [sqsQueueName] }
  await store.putIntent(encodeIntent({ id: name, state: 'deleting', createdMs: Date.now() - ELEVEN_MINUTES_MS, body }))
  store.close()
  return sqsQueueName
}

/** The names of the broker's SQS queues, sorted. */
export async function queueNames(): Promise<string[]> {
  const sqs = openSqs()
  const { QueueUrls = [] } = await sqs.send(
    new ListQueuesCommand({ QueueNamePrefix: `${namePrefix}-`, MaxResults: 1000 }),
  )
  sqs.destroy()
  return QueueUrls.map((url) => url.slice(url.lastIndexOf('/') + 1)).sort()
}

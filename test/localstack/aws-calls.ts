import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'

/** The few calls of AWS that the tests make themselves, to a LocalStack, which looks at no signature. */

const endpoint = process.env.LEVERET_SQS_ENDPOINT ?? ''
const namePrefix = process.env.LEVERET_NAME_PREFIX ?? ''
const REGION = 'us-east-1'

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

/** What a function has written to its log, which LocalStack keeps where functions have theirs by default. */
export async function logLines(id: string): Promise<string[]> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization: authorization('logs'),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.FilterLogEvents',
    },
    body: JSON.stringify({ logGroupName: `/aws/lambda/${await functionName(id)}` }),
  })
  const { events = [] } = (await response.json()) as { events?: { message: string }[] }
  return events.map(({ message }) => message)
}

/** The names of the broker's SQS queues, sorted. */
export async function queueNames(): Promise<string[]> {
  const sqs = new SQSClient({ endpoint, region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } })
  const { QueueUrls = [] } = await sqs.send(
    new ListQueuesCommand({ QueueNamePrefix: `${namePrefix}-`, MaxResults: 1000 }),
  )
  sqs.destroy()
  return QueueUrls.map((url) => url.slice(url.lastIndexOf('/') + 1)).sort()
}

import { randomUUID } from 'node:crypto'
import { S3Blobs } from '../../lib/journal/s3-blobs.ts'
import { awsOptions, invoke, queueUrls } from './aws-calls.ts'
import { readOutputs, type Site } from './deployment.ts'

export interface CustomResourceAnswer {
  readonly Status: 'SUCCESS' | 'FAILED'
  readonly Reason?: string
  readonly PhysicalResourceId: string
}

/**
 * Calls the custom resource's function as CloudFormation does, which on LocalStack does not, and resolves with what it
 * answered. As on AWS, the answer goes to an object in S3: functions that run in containers reach nothing else. `stack` is that
 * of the broker.
 */
export async function sendToCustomResource(
  site: Site,
  RequestType: 'Create' | 'Update' | 'Delete',
  properties: Readonly<Record<string, unknown>>,
  stack = 'Leveret',
): Promise<CustomResourceAnswer | undefined> {
  const { BlobsBucket, NamePrefix } = readOutputs(site)
  const RequestId = randomUUID()
  const key = `custom-resource/${RequestId}`
  const event = {
    RequestType,
    RequestId,
    ResponseURL: `${await addressForFunctions(site, NamePrefix)}/${BlobsBucket}/${key}`,
    StackId: `arn:aws:cloudformation:us-east-1:000000000000:stack/${stack}/1`,
    LogicalResourceId: 'SetUp',
    PhysicalResourceId: 'leveret',
    ResourceType: 'Custom::LeveretBootstrap',
    ResourceProperties: properties,
    OldResourceProperties: {},
  }
  await invoke(site, 'Bootstrap', event, stack)
  const bytes = await new S3Blobs(BlobsBucket, awsOptions(site)).get(key)
  return bytes && (JSON.parse(Buffer.from(bytes).toString()) as CustomResourceAnswer)
}

/** Where LocalStack is for a function, which need not be where it is for us: it shows in the URLs of SQS queues. */
async function addressForFunctions(site: Site, namePrefix: string): Promise<string> {
  const [queueUrl] = await queueUrls(site, namePrefix)
  if (queueUrl === undefined) throw new Error(`there is no SQS queue ${namePrefix}-…`)
  const { protocol, host } = new URL(queueUrl)
  return `${protocol}//${host.replace(/^(sqs\.[a-z0-9-]+|[a-z0-9-]+\.queue)\./, '')}`
}

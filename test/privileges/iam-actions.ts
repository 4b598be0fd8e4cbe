import { bucketArn, queueArn, tableArn } from './arns.ts'

/** A call of an AWS SDK client. */
export interface AwsCall {
  /** As clients are named: `DynamoDB`, `SQS`, `S3`, `SecretsManager`. */
  readonly service: string
  readonly operation: string
  readonly input: object
  /** The name of the error, where it failed. */
  readonly failure?: string | undefined
}

/** What must be allowed for a call to succeed. */
export interface Access {
  readonly action: string
  readonly resource: string
}

/** Of a call that names no resource, and of those that nobody has written down here: only a role that may do it to all is allowed it. */
const ANY = '*'

/**
 * The IAM actions that a call needs, each with the ARN that it is checked on. What a service is not known for is taken
 * to need the action of the operation's name. (AWS, Service Authorization Reference.)
 */
export function accessesOf(call: AwsCall): Access[] {
  const map = SERVICES[call.service]
  return map ? map(call) : [{ action: `${call.service.toLowerCase()}:${call.operation}`, resource: ANY }]
}

const SERVICES: Readonly<Record<string, (call: AwsCall) => Access[]>> = {
  DynamoDB: dynamoDb,
  SQS: sqs,
  S3: s3,
  SecretsManager: ({ operation, input }) => [
    { action: `secretsmanager:${operation}`, resource: textOf(input, 'SecretId') ?? ANY },
  ],
}

/** A transaction needs the actions of its parts; a batch has an action of its own, on each of its tables. */
const TRANSACTED: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
}

function dynamoDb({ operation, input }: AwsCall): Access[] {
  const { TransactItems, RequestItems } = input as {
    TransactItems?: readonly Record<string, object>[]
    RequestItems?: Record<string, unknown>
  }
  if (TransactItems) {
    return TransactItems.flatMap(Object.entries).map(([part, partInput]) =>
      onTable(TRANSACTED[part] ?? part, partInput),
    )
  }
  if (RequestItems) return Object.keys(RequestItems).map((TableName) => onTable(operation, { TableName }))
  return [onTable(operation, input)]
}

function onTable(operation: string, input: object): Access {
  const [table, index] = [textOf(input, 'TableName'), textOf(input, 'IndexName')]
  const resource = table === undefined ? ANY : tableArn(table) + (index === undefined ? '' : `/index/${index}`)
  return { action: `dynamodb:${operation}`, resource }
}

/** A batch needs the action of its entries. (Amazon SQS API permissions: actions and resource reference.) */
function sqs({ operation, input }: AwsCall): Access[] {
  const name = textOf(input, 'QueueName') ?? textOf(input, 'QueueUrl')?.split('/').at(-1)
  const resource = name === undefined ? ANY : queueArn(name)
  const access = { action: `sqs:${operation.replace(/Batch$/, '')}`, resource }
  const isTagged = operation === 'CreateQueue' && 'tags' in input
  return isTagged ? [access, { action: 'sqs:TagQueue', resource }] : [access]
}

/** Operations of S3 whose actions are called otherwise, or checked on the bucket. */
const S3_ACTIONS: Readonly<Record<string, string>> = {
  HeadObject: 's3:GetObject',
  ListObjectsV2: 's3:ListBucket',
  HeadBucket: 's3:ListBucket',
}

function s3({ operation, input, failure }: AwsCall): Access[] {
  const [bucket, key] = [textOf(input, 'Bucket'), textOf(input, 'Key')]
  if (bucket === undefined) return [{ action: `s3:${operation}`, resource: ANY }]
  const resource = bucketArn(bucket) + (key === undefined ? '' : `/${key}`)
  const access = { action: S3_ACTIONS[operation] ?? `s3:${operation}`, resource }
  // To whom may not list the bucket, S3 says 403 of what is not there, and so this answer would not have come.
  const isMissing = failure === 'NoSuchKey' || failure === 'NotFound'
  return isMissing ? [access, { action: 's3:ListBucket', resource: bucketArn(bucket) }] : [access]
}

function textOf(input: object, name: string): string | undefined {
  const value: unknown = Object.entries(input).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : undefined
}

import { describe, expect, test } from 'vitest'
import { type AwsCall, accessesOf } from './iam-actions.ts'

const TABLE = 'arn:aws:dynamodb:eu-west-1:123456789012:table/t'
const QUEUE = 'arn:aws:sqs:eu-west-1:123456789012:q'
const QueueUrl = 'http://127.0.0.1:1/000000000000/q'

const accesses = (service: string, operation: string, input: object, failure?: string): string[] =>
  accessesOf({ service, operation, input, failure } satisfies AwsCall).map(
    ({ action, resource }) => `${action} ${resource}`,
  )

describe('a call needs', () => {
  test.each<[string, string, object, string[]]>([
    ['DynamoDB', 'Query', { TableName: 't' }, [`dynamodb:Query ${TABLE}`]],
    ['DynamoDB', 'Query', { TableName: 't', IndexName: 'i' }, [`dynamodb:Query ${TABLE}/index/i`]],
    ['SQS', 'SendMessageBatch', { QueueUrl }, [`sqs:SendMessage ${QUEUE}`]],
    ['SQS', 'ChangeMessageVisibilityBatch', { QueueUrl }, [`sqs:ChangeMessageVisibility ${QUEUE}`]],
    ['SQS', 'CreateQueue', { QueueName: 'q', tags: { a: 'b' } }, [`sqs:CreateQueue ${QUEUE}`, `sqs:TagQueue ${QUEUE}`]],
    ['S3', 'HeadObject', { Bucket: 'b', Key: 'k/1' }, ['s3:GetObject arn:aws:s3:::b/k/1']],
    ['SecretsManager', 'GetSecretValue', { SecretId: 'arn' }, ['secretsmanager:GetSecretValue arn']],
  ])('the action of its name, on what it names: %s %s %j', (service, operation, input, needed) => {
    expect(accesses(service, operation, input)).toEqual(needed)
  })

  test('the actions of its parts where it is a transaction', () => {
    const parts = { ConditionCheck: 'ConditionCheckItem', Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem' }
    const TransactItems = Object.keys(parts).map((part) => ({ [part]: { TableName: 't' } }))
    const needed = Object.values(parts).map((action) => `dynamodb:${action} ${TABLE}`)
    expect(accesses('DynamoDB', 'TransactWriteItems', { TransactItems })).toEqual(needed)
  })

  test('an action of its own, on each table, where it is a batch of DynamoDB', () => {
    const RequestItems = { t: { Keys: [] }, u: { Keys: [] } }
    expect(accesses('DynamoDB', 'BatchGetItem', { RequestItems })).toEqual([
      `dynamodb:BatchGetItem ${TABLE}`,
      `dynamodb:BatchGetItem ${TABLE.replace(/t$/, 'u')}`,
    ])
  })

  test('the right to list the bucket, where the answer is that an object is not there', () => {
    expect(accesses('S3', 'GetObject', { Bucket: 'b', Key: 'k' }, 'NoSuchKey')).toEqual([
      's3:GetObject arn:aws:s3:::b/k',
      's3:ListBucket arn:aws:s3:::b',
    ])
  })

  test('the right to all resources, where it names none or nobody knows how to read it', () => {
    expect(accesses('SQS', 'ListQueues', {})).toEqual(['sqs:ListQueues *'])
    expect(accesses('KMS', 'Decrypt', { KeyId: 'k' })).toEqual(['kms:Decrypt *'])
  })
})

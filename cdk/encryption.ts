import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Grant } from './grant.ts'
import type { GrantsByFunction } from './grants.ts'

const DECRYPT = ['kms:Decrypt']
const SEND = ['kms:Decrypt', 'kms:GenerateDataKey']
const READ_ITEMS = ['kms:Decrypt', 'kms:DescribeKey']
const WRITE_ITEMS = [...READ_ITEMS, 'kms:Encrypt', 'kms:GenerateDataKey']

/**
 * What a call on something encrypted needs to be allowed on its key. Calls that are not here see no content. (SQS
 * Developer Guide, "Key management"; S3 User Guide, "Using SSE-KMS"; DynamoDB as the CDK's own grants have it.)
 */
const KEY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'sqs:SendMessage': SEND,
  'sqs:ReceiveMessage': DECRYPT,
  's3:PutObject': SEND,
  's3:GetObject': DECRYPT,
  'secretsmanager:GetSecretValue': DECRYPT,
  'dynamodb:BatchGetItem': READ_ITEMS,
  'dynamodb:GetItem': READ_ITEMS,
  'dynamodb:Query': READ_ITEMS,
  'dynamodb:Scan': READ_ITEMS,
  'dynamodb:BatchWriteItem': WRITE_ITEMS,
  'dynamodb:PutItem': WRITE_ITEMS,
  'dynamodb:UpdateItem': WRITE_ITEMS,
  'dynamodb:DeleteItem': WRITE_ITEMS,
}

/** Adds to what each function may do what it then needs of the key, if there is one. */
export function withKeyGrants(grants: GrantsByFunction, key: Pick<IKey, 'keyArn'> | undefined): GrantsByFunction {
  if (key === undefined) return grants
  const entries = Object.entries(grants).map(([name, own]) => [name, [...own, keyGrant(own, key.keyArn)]])
  return Object.fromEntries(entries) as GrantsByFunction
}

function keyGrant(grants: readonly Grant[], keyArn: string): Grant {
  return { actions: keyActionsFor(grants.flatMap(({ actions }) => actions)), resources: [keyArn] }
}

/** What these actions need of the key of what they are done to. */
export const keyActionsFor = (actions: readonly string[]): string[] =>
  [...new Set(actions.flatMap((action) => KEY_ACTIONS[action] ?? []))].sort()

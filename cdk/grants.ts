import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import { FED_QUEUES, type FedFunction, fedQueues } from '../lib/config.ts'
import type { Grant } from './grant.ts'
import type { InternalQueues } from './internal-queues.ts'

/** What the functions use, and what of it they may do. Batch and transact calls need the actions of their parts. */
export interface GrantedParts {
  readonly table: Pick<ITable, 'tableArn'>
  readonly messages: Pick<ITable, 'tableArn'>
  readonly blobs: Pick<IBucket, 'bucketArn' | 'arnForObjects'>
  readonly queues: InternalQueues
  /** Where the first administrator has a password. */
  readonly administratorSecret: Pick<ISecret, 'secretArn'> | undefined
  readonly anyQueueArn: string
}

/** What each function does, and the gateway of AMQP, in the words of AWS. */
export type GrantsByFunction = Readonly<Record<FunctionName | 'gateway', readonly Grant[]>>

const ANY_QUEUE = "SQS queues are made and deleted while the broker runs; their prefix holds the stack's id."
const ANY_OBJECT =
  'Objects are made while the broker runs; the bucket is its own, and each function has the folders that it needs.'

export type FunctionName =
  | 'publish'
  | 'consume'
  | 'manage'
  | 'relay'
  | 'dead-letter'
  | 'delay'
  | 'sweep'
  | 'clock'
  | 'bootstrap'

export function grantsByFunction(parts: GrantedParts): GrantsByFunction {
  const { readTopology, changeTopology } = tableGrants(parts)
  const { readBases, writeBases, readPayloads, tellMissing, writePayloads, writeScheduled, readScheduled } =
    blobGrants(parts)
  const onItems = (...actions: string[]): Grant => ({ actions, resources: [parts.messages.tableArn] })
  // Whoever delivers may come to an exchange that keeps its history, and take the oldest out of it.
  const deliverItems = onItems('dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:DeleteItem')
  const onQueues = (...actions: string[]): Grant => ({ actions, resources: [parts.anyQueueArn], wildcard: ANY_QUEUE })
  const takeMessages = [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:ChangeMessageVisibility',
    'sqs:GetQueueAttributes',
  ]
  const readSecret = secretGrants(parts)
  const administer = [
    readTopology,
    changeTopology,
    readBases,
    writeBases,
    // Of messages that are got, and of dead letters that are listed.
    readPayloads,
    tellMissing,
  ]
  const carry = [
    // Binding to an exchange that keeps its history sends that along.
    readScheduled,
    writePayloads,
    writeScheduled,
    deliverItems,
    // A policy may change while a queue is declared.
    onQueues('sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:SetQueueAttributes', 'sqs:SendMessage', ...takeMessages),
  ]
  return {
    publish: [
      readTopology,
      readBases,
      writePayloads,
      writeScheduled,
      deliverItems,
      // It counts queues whose length is limited.
      onQueues('sqs:SendMessage', 'sqs:GetQueueAttributes'),
    ],
    consume: [
      readTopology,
      readBases,
      readPayloads,
      tellMissing,
      writePayloads,
      writeScheduled,
      deliverItems,
      onQueues('sqs:SendMessage', ...takeMessages),
    ],
    manage: [...administer, ...readSecret, ...carry],
    gateway: [...administer, ...carry],
    relay: [
      readTopology,
      readBases,
      readPayloads,
      tellMissing,
      writePayloads,
      // Of queues in which what it sends expires.
      onItems('dynamodb:GetItem', 'dynamodb:PutItem'),
      onQueues('sqs:SendMessage'),
      feed(parts, 'relay'),
    ],
    // It makes the SQS queues that keep dead letters.
    'dead-letter': [
      readTopology,
      changeTopology,
      readBases,
      writeBases,
      readPayloads,
      tellMissing,
      writePayloads,
      writeScheduled,
      deliverItems,
      onQueues('sqs:SendMessage', 'sqs:CreateQueue', 'sqs:DeleteQueue'),
      feed(parts, 'dead-letter'),
    ],
    delay: [
      readTopology,
      readBases,
      readScheduled,
      tellMissing,
      writePayloads,
      // Of what an exchange keeps that is bound to one that delays.
      writeScheduled,
      deliverItems,
      onQueues('sqs:SendMessage'),
      feed(parts, 'delay'),
    ],
    sweep: [
      readTopology,
      readBases,
      readPayloads,
      tellMissing,
      writePayloads,
      writeScheduled,
      deliverItems,
      onQueues('sqs:SendMessage', ...takeMessages),
    ],
    clock: [
      readTopology,
      // It deletes queues that nobody uses.
      changeTopology,
      readBases,
      writeBases,
      readScheduled,
      tellMissing,
      writePayloads,
      writeScheduled,
      deliverItems,
      // It also sends the history that a binder did not live to send.
      onQueues('sqs:SendMessage', 'sqs:DeleteQueue', 'sqs:SetQueueAttributes', 'sqs:GetQueueAttributes'),
    ],
    // It imports definitions that an app brings.
    bootstrap: [
      readTopology,
      changeTopology,
      readBases,
      writeBases,
      ...readSecret,
      onQueues('sqs:CreateQueue', 'sqs:DeleteQueue'),
    ],
  }
}

/** What a function's event sources do in its name. */
const feed = ({ queues }: GrantedParts, name: FedFunction): Grant => ({
  actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  resources: fedQueues()
    .filter((queue) => FED_QUEUES[queue] === name)
    .map((queue) => queues[queue].queueArn),
})

const secretGrants = ({ administratorSecret }: GrantedParts): Grant[] =>
  administratorSecret
    ? [{ actions: ['secretsmanager:GetSecretValue'], resources: [administratorSecret.secretArn] }]
    : []

function tableGrants({ table: { tableArn } }: GrantedParts) {
  const onTable = (...actions: string[]): Grant => ({ actions, resources: [tableArn] })
  return {
    readTopology: onTable('dynamodb:BatchGetItem', 'dynamodb:Query'),
    changeTopology: onTable('dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'),
  }
}

function blobGrants({ blobs }: GrantedParts) {
  const payloads = blobs.arnForObjects('live/*')
  const scheduled = blobs.arnForObjects('scheduled/*')
  const bases = blobs.arnForObjects('bases/*')
  return {
    readBases: { actions: ['s3:GetObject'], resources: [bases], wildcard: ANY_OBJECT },
    writeBases: { actions: ['s3:PutObject'], resources: [bases], wildcard: ANY_OBJECT },
    readPayloads: { actions: ['s3:GetObject'], resources: [payloads], wildcard: ANY_OBJECT },
    // S3 says that an object does not exist only to whom may list the bucket; to others it says that they may not read it.
    tellMissing: { actions: ['s3:ListBucket'], resources: [blobs.bucketArn] },
    readScheduled: { actions: ['s3:GetObject'], resources: [scheduled], wildcard: ANY_OBJECT },
    writeScheduled: { actions: ['s3:PutObject'], resources: [scheduled], wildcard: ANY_OBJECT },
    writePayloads: { actions: ['s3:PutObject'], resources: [payloads], wildcard: ANY_OBJECT },
  }
}

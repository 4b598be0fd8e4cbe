import type { Template } from 'aws-cdk-lib/assertions'
import { resolve, stackId, type World } from '../cdk/policies.ts'
import { type Resource, resourcesOf } from '../cdk/synthesised.ts'
import { bucketArn, queueArn, tableArn } from './arns.ts'
import type { RecordedAccess, Recording } from './recorder.ts'

/** A stack whose id begins as the embedded cloud's name prefix ends: declared queues are called the same in both. */
const STACK_ID = stackId('local-aaaa-4aaa-8aaa-aaaaaaaaaaaa')

/**
 * The stack as it would be, had CloudFormation named the table, the bucket and all else as the embedded cloud does. What is
 * called how is found by the environment variables: the template says of each which resource it names, a recording by what name.
 */
export function recordedWorld(template: Template, environment: Recording['environment']): World {
  const all = resourcesOf(template)
  const world = { stackId: STACK_ID }
  const queues = Object.entries(resourcesOf(template, 'AWS::SQS::Queue')).map(
    ([id, { Properties }]) => [`${id}.Arn`, queueArn(String(resolve(Properties.QueueName, world)))] as const,
  )
  const named = lambdas(template).flatMap(({ Variables }) =>
    Object.entries(Variables).flatMap(([variable, value]) => {
      const [id = '', name] = [refIn(value, all), environment[variable]]
      const values = ARN_VALUES[all[id]?.Type ?? '']
      return values && name !== undefined ? values(id, name) : []
    }),
  )
  return { ...world, values: new Map([...queues, ...named]) }
}

/** What gives the ARN of a resource that a variable names, by its type. */
const ARN_VALUES: Readonly<Record<string, (id: string, name: string) => (readonly [string, string])[]>> = {
  'AWS::DynamoDB::GlobalTable': (id, name) => [[`${id}.Arn`, tableArn(name)]],
  'AWS::S3::Bucket': (id, url) => [[`${id}.Arn`, bucketArn(url.replace('s3://', ''))]],
  'AWS::SecretsManager::Secret': (id, arn) => [[id, arn]],
}

/** The resource that a value has the name of. */
function refIn(value: unknown, all: Readonly<Record<string, Resource>>): string | undefined {
  const [, id = ''] = /\{"Ref":"(\w+)"\}/.exec(JSON.stringify(value)) ?? []
  return id in all ? id : undefined
}

interface Lambda {
  readonly id: string
  readonly name: string
  readonly logGroup: unknown
  readonly Variables: Readonly<Record<string, unknown>>
}

function lambdas(template: Template): Lambda[] {
  return Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).map(([id, { Properties }]) => {
    const { Handler, Environment, LoggingConfig } = Properties as {
      Handler: string
      Environment?: { Variables: Record<string, unknown> }
      LoggingConfig: { LogGroup: { Ref: string } }
    }
    const logGroup = { 'Fn::GetAtt': [LoggingConfig.LogGroup.Ref, 'Arn'] }
    return { id, name: Handler.replace('.handler', ''), logGroup, Variables: Environment?.Variables ?? {} }
  })
}

/** Lambda Developer Guide, "Using Lambda with Amazon SQS", "Execution role permissions". */
const EVENT_SOURCE_ACTIONS = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']
/** Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs", less the group, which the stack makes. */
const LOG_ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents']

/** What Lambda itself does in a function's name, by what the template connects it to: no client of ours makes these calls. */
export function accessesOfLambda(template: Template, world: World): RecordedAccess[] {
  const functions = lambdas(template)
  const on = (name: string, actions: readonly string[], resource: unknown): RecordedAccess[] =>
    actions.map((action) => ({ function: name, action, resource: String(resolve(resource, world)) }))
  const logs = functions.flatMap(({ name, logGroup }) => on(name, LOG_ACTIONS, logGroup))
  const sources = Object.values(resourcesOf(template, 'AWS::Lambda::EventSourceMapping')).flatMap(({ Properties }) => {
    const target = functions.find(({ id }) => JSON.stringify(Properties.FunctionName).includes(`"${id}"`))
    return target ? on(target.name, EVENT_SOURCE_ACTIONS, Properties.EventSourceArn) : []
  })
  return [...logs, ...sources]
}

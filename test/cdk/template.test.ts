import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import { constructIdOf } from '../../cdk/internal-queues.ts'
import { Leveret } from '../../cdk/leveret.ts'
import { ENV, FED_QUEUES, failedQueueOf, fedQueues, internalQueues } from '../../lib/config.ts'
import { newApp, newStack, resourcesOf, synthesise } from './synthesised.ts'

const template = synthesise()
const everything = Object.values(resourcesOf(template))
const propertiesOf = (type: string) => Object.values(resourcesOf(template, type)).map(({ Properties }) => Properties)

/** Of a policy: nobody may do anything to this without TLS. */
const TLS_ONLY = Match.objectLike({
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
})

describe('the table of topology', () => {
  test('can be taken back in time, is not deleted by accident, and is encrypted', () => {
    template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
        KeySchema: [
          { AttributeName: 'journal', KeyType: 'HASH' },
          { AttributeName: 'item', KeyType: 'RANGE' },
        ],
        Replicas: [
          {
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          },
        ],
      },
    })
  })
})

describe('the bucket of blobs', () => {
  test('is private, encrypted and kept', () => {
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      },
    })
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: { Statement: Match.arrayWith([TLS_ONLY]) },
    })
  })

  test('drops payloads by age and keeps the bases of journals', () => {
    const [bucket] = propertiesOf('AWS::S3::Bucket')
    expect(bucket?.LifecycleConfiguration).toEqual({
      Rules: [
        { ExpirationInDays: 90, Prefix: 'live/', Status: 'Enabled' },
        { ExpirationInDays: 400, Prefix: 'scheduled/', Status: 'Enabled' },
        { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' },
      ],
    })
  })
})

describe('internal SQS queues', () => {
  test('keep messages for 14 days, encrypted, and are reached by TLS only', () => {
    const queues = propertiesOf('AWS::SQS::Queue')
    expect(queues).toHaveLength(internalQueues().length)
    for (const queue of queues) {
      expect(queue).toMatchObject({
        MessageRetentionPeriod: 14 * 86_400,
        SqsManagedSseEnabled: true,
        MaximumMessageSize: 1_048_576,
      })
    }
    template.resourcePropertiesCountIs(
      'AWS::SQS::QueuePolicy',
      { PolicyDocument: { Statement: Match.arrayWith([TLS_ONLY]) } },
      internalQueues().length,
    )
  })

  test.each(fedQueues())('%s passes what its function cannot deal with on to the failed queue of its kind', (name) => {
    const failed = `${constructIdOf(failedQueueOf(name))}Queue`
    const [queue] = propertiesOf('AWS::SQS::Queue').filter(({ QueueName }) =>
      JSON.stringify(QueueName).includes(`"-${name}"`),
    )
    expect(queue).toMatchObject({
      VisibilityTimeout: 360,
      RedrivePolicy: {
        maxReceiveCount: 20,
        deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringMatching(`^Broker${failed}`), 'Arn'] },
      },
    })
    expect(queue?.FifoQueue).toBe(name.endsWith('.fifo') ? true : undefined)
  })
})

describe('functions', () => {
  const functions = propertiesOf('AWS::Lambda::Function')

  test('run on Node 24 and arm64, log JSON to a log of their own, and are not stopped when messages come back', () => {
    expect(functions.length).toBeGreaterThan(5)
    for (const lambda of functions) {
      expect(lambda).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        RecursiveLoop: 'Allow',
        LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN', LogGroup: expect.anything() },
      })
    }
    const logs = propertiesOf('AWS::Logs::LogGroup')
    expect(logs).toHaveLength(functions.length)
    for (const log of logs) expect(log.RetentionInDays).toBe(30)
  })

  test('are told what the configuration reads, and no secret', () => {
    const optional: readonly string[] = [
      ...[ENV.administratorSecret, ENV.administrators, ENV.encryptionKeyArn],
      ...[ENV.jwtIssuer, ENV.jwtAudience, ENV.jwtJwksUri, ENV.jwtJwks, ENV.amqpListener],
    ]
    const common = Object.values(ENV).filter((name) => !optional.includes(name))
    for (const { Handler, Environment } of functions) {
      const { Variables } = Environment as { Variables: Record<string, unknown> }
      const makesAdministrator = Handler === 'manage.handler' || Handler === 'bootstrap.handler'
      const expected = [...common, ...(makesAdministrator ? [ENV.administratorSecret] : [])]
      expect(Object.keys(Variables).sort(), String(Handler)).toEqual(expected.sort())
      expect(JSON.stringify(Variables)).not.toContain('resolve:secretsmanager')
    }
  })

  test('are not given concurrency of their own, which new accounts do not have', () => {
    for (const lambda of functions) expect(lambda).not.toHaveProperty('ReservedConcurrentExecutions')
  })

  test.each(fedQueues())('take what is in %s, each message by itself, and so many at once', (queue) => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^Broker${constructIdOf(queue)}Queue`), 'Arn'] },
      FunctionName: { Ref: Match.stringLikeRegexp(`^Broker${constructIdOf(FED_QUEUES[queue])}Function`) },
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    })
  })

  test('tick each minute', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Clock'), 'Arn'] } })],
    })
  })
})

describe('alarms', () => {
  test('say what they mean, and where it is written what to do', () => {
    const descriptions = propertiesOf('AWS::CloudWatch::Alarm').map(({ AlarmDescription }) => String(AlarmDescription))
    expect(descriptions.map((text) => /docs\/operations\.md#([a-z-]+)$/.exec(text)?.[1]).sort()).toEqual([
      'clock-not-running',
      'dead-letters-delayed',
      'failed-queue-not-empty',
      'relay-delayed',
      'requests-failing',
    ])
  })

  test('are raised where the clock says nothing at all', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('clock'),
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
    })
  })

  test('count a run of the clock that fails as none', () => {
    const [clock] = propertiesOf('AWS::CloudWatch::Alarm').filter(({ AlarmDescription }) =>
      /^The clock/.test(String(AlarmDescription)),
    )
    expect(JSON.stringify(clock?.Metrics)).toContain('FILL(invocations, 0) - FILL(errors, 0)')
  })

  test('go to a topic where there is one', () => {
    const stack = new Stack(newApp(), 'Stack')
    new Leveret(stack, 'Broker', { alarmTopic: new Topic(stack, 'Pager') })
    const alarms = Object.values(resourcesOf(Template.fromStack(stack), 'AWS::CloudWatch::Alarm'))
    expect(alarms).toHaveLength(5)
    for (const { Properties } of alarms)
      expect(Properties.AlarmActions).toEqual([{ Ref: expect.stringContaining('Pager') }])
  })
})

describe('a table and a bucket that exist', () => {
  const existing = {
    tableName: 'restored',
    messagesTableName: 'waiting',
    bucketName: 'kept',
    namePrefix: 'leveret-1a2b3c4d',
  }
  const restored = synthesise({ existing, removalPolicy: RemovalPolicy.DESTROY })

  test('are used instead of new ones, and not deleted', () => {
    expect(resourcesOf(restored, 'AWS::DynamoDB::GlobalTable')).toEqual({})
    expect(resourcesOf(restored, 'AWS::S3::Bucket')).toEqual({})
    expect(resourcesOf(restored, 'Custom::S3AutoDeleteObjects')).toEqual({})
    const functions = Object.values(resourcesOf(restored, 'AWS::Lambda::Function'))
    expect(functions.length).toBeGreaterThan(3)
    for (const { Properties } of functions) {
      expect(Properties.Environment).toMatchObject({
        Variables: {
          [ENV.topologyTable]: 'restored',
          [ENV.messagesTable]: 'waiting',
          [ENV.blobs]: 's3://kept',
          [ENV.namePrefix]: 'leveret-1a2b3c4d',
        },
      })
    }
  })

  test('are what the functions are allowed', () => {
    const arns = JSON.stringify(Object.values(resourcesOf(restored, 'AWS::IAM::Role')).map((role) => role.Properties))
    expect(arns).toContain(':table/restored')
    expect(arns).toContain(':s3:::kept/bases/*')
    expect(arns).toContain(':leveret-1a2b3c4d-*')
  })
})

describe('the metrics of the broker', () => {
  test('are those that its functions write', () => {
    const { stack } = newStack()
    const { namespace, metricName, statistic, dimensions } = stack.broker.metric('Unroutable')
    expect({ namespace, metricName, statistic }).toEqual({
      namespace: 'Leveret',
      metricName: 'Unroutable',
      statistic: 'Sum',
    })
    expect(stack.resolve(dimensions)).toEqual({ Broker: stack.resolve(stack.broker.names.namePrefix) })
    expect(
      stack.broker.metric('Copies', { period: Duration.hours(1), statistic: 'Maximum' }).toMetricConfig(),
    ).toMatchObject({
      metricStat: { period: Duration.hours(1), statistic: 'Maximum' },
    })
  })
})

describe('what is left of a stack', () => {
  const KEPT = ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::SQS::Queue', 'AWS::SecretsManager::Secret']

  test('is by default all that somebody declared, sent or has to know', () => {
    const kept = everything.filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain').map(({ Type }) => Type)
    expect([...new Set(kept)].sort()).toEqual([...KEPT, 'AWS::Logs::LogGroup'].sort())
  })

  test('is nothing where the removal policy says so, declared queues and objects included', () => {
    const passing = synthesise({ removalPolicy: RemovalPolicy.DESTROY })
    const kept = Object.values(resourcesOf(passing)).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
    expect(kept.map(({ Type }) => Type)).toEqual([])
    passing.hasResourceProperties('Custom::LeveretBootstrap', { DeleteQueues: true })
    passing.resourceCountIs('Custom::S3AutoDeleteObjects', 1)
    passing.resourceCountIs('AWS::Logs::LogGroup', Object.keys(resourcesOf(passing, 'AWS::Lambda::Function')).length)
    passing.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })],
    })
    template.hasResourceProperties('Custom::LeveretBootstrap', { DeleteQueues: false })
  })
})

test('the outputs tell where the API is and how to read the password', () => {
  template.hasOutput('Url', {})
  const { AdministratorCommand } = template.findOutputs('AdministratorCommand')
  expect(JSON.stringify(AdministratorCommand)).toContain('aws secretsmanager get-secret-value --region ')
})

test('the template is the one that was reviewed', async () => {
  const text = JSON.stringify(template.toJSON(), null, 2).replace(/[0-9a-f]{64}/g, '<sha-256 of an asset>')
  await expect(`${text}\n`).toMatchFileSnapshot('fixtures/leveret.template.json')
})

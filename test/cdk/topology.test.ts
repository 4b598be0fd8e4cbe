import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { describe, expect, test } from 'vitest'
import type { BrokerQueueProps } from '../../cdk/broker-queue.ts'
import { Definitions } from '../../cdk/definitions.ts'
import { Leveret } from '../../cdk/leveret.ts'
import { queueArn } from '../privileges/arns.ts'
import { isAllowed, resolve, roleStatements, stackId } from './policies.ts'
import { newApp, resourcesOf } from './synthesised.ts'

const MESSAGE_ACTIONS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
]

const WORLD = { stackId: stackId('11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa') }

function newBroker(props: ConstructorParameters<typeof Leveret>[2] = {}) {
  const stack = new Stack(newApp(), 'Shop')
  return { stack, broker: new Leveret(stack, 'Broker', props) }
}

const onlyOf = (template: Template, type: string) => {
  const [first, ...others] = Object.values(resourcesOf(template, type))
  if (first === undefined || others.length > 0) throw new Error(`there is not one ${type}`)
  return first
}

/** What the broker's custom resource is told. */
function told(template: Template) {
  const { Topology, SqsQueues, Users } = onlyOf(template, 'Custom::LeveretBootstrap').Properties
  return { topology: Topology === undefined ? undefined : JSON.parse(String(Topology)), SqsQueues, Users }
}

/** The app's own SQS queues, by logical id. */
const appQueues = (template: Template) =>
  Object.entries(resourcesOf(template, 'AWS::SQS::Queue')).filter(([id]) => id.startsWith('BrokerQueues'))

describe('the topology of an app', () => {
  test('is told to the broker as a definitions file, with the SQS queue of each queue', () => {
    const { stack, broker } = newBroker()
    const audit = broker.addExchange('audit', { type: 'fanout', internal: true })
    const orders = broker.addExchange('orders', { type: 'topic', alternateExchange: audit })
    audit.bindTo(orders, { routingKey: '#' })
    broker.addQueue('invoices', { type: 'quorum' }).bindTo(orders, { routingKey: 'order.placed' })
    broker.addQueue('everything').bindTo(broker.exchange('amq.topic'), { routingKey: '#' })
    const { topology, SqsQueues, Users } = told(Template.fromStack(stack))
    const item = { vhost: '/', durable: true, auto_delete: false, arguments: {} }
    expect(topology).toEqual({
      exchanges: [
        { ...item, name: 'audit', type: 'fanout', internal: true },
        { ...item, name: 'orders', type: 'topic', internal: false, arguments: { 'alternate-exchange': 'audit' } },
      ],
      queues: [
        { ...item, name: 'invoices', type: 'quorum', arguments: { 'x-queue-type': 'quorum' } },
        { ...item, name: 'everything', type: 'classic' },
      ],
      bindings: expect.arrayContaining([
        { ...bound('orders', 'exchange', 'audit'), routing_key: '#' },
        { ...bound('orders', 'queue', 'invoices'), routing_key: 'order.placed' },
        { ...bound('amq.topic', 'queue', 'everything'), routing_key: '#' },
      ]),
      permissions: [],
    })
    expect(SqsQueues).toEqual([
      { Vhost: '/', Queue: 'invoices', Arn: { 'Fn::GetAtt': [expect.stringContaining('invoices'), 'Arn'] } },
      { Vhost: '/', Queue: 'everything', Arn: { 'Fn::GetAtt': [expect.stringContaining('everything'), 'Arn'] } },
    ])
    expect(Users).toBeUndefined()
  })

  test('is not mentioned where there is none', () => {
    expect(told(Template.fromStack(newBroker().stack))).toEqual({})
  })

  test('may use names that ids of constructs cannot hold, in several vhosts', () => {
    const { stack, broker } = newBroker()
    broker.addQueue('a/b')
    broker.addQueue('a/b', { vhost: 'c' })
    broker.addQueue('c/a/b')
    expect(appQueues(Template.fromStack(stack))).toHaveLength(3)
  })

  test('is in place before the API serves, with the permissions that it needs', () => {
    const { stack, broker } = newBroker()
    broker.addQueue('invoices')
    const template = Template.fromStack(stack)
    const policies = Object.keys(resourcesOf(template, 'AWS::IAM::Policy'))
    const [[setUp] = ['']] = Object.entries(resourcesOf(template, 'Custom::LeveretBootstrap'))
    expect(onlyOf(template, 'Custom::LeveretBootstrap').DependsOn).toEqual(policies.sort())
    expect(onlyOf(template, 'AWS::ApiGateway::Stage').DependsOn).toContain(setUp)
  })
})

const bound = (source: string, destination_type: string, destination: string) => ({
  ...{ vhost: '/', source, destination_type, destination, arguments: {} },
})

const CONSUMER = new ServicePrincipal('lambda.amazonaws.com')

const redriveTo = (queue: string, maxReceiveCount: number) => ({
  deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringMatching(`^Broker${queue}Queue[0-9A-F]+$`), 'Arn'] },
  maxReceiveCount,
})

describe('the SQS queue of an added queue', () => {
  test('is made as the broker makes its own, and kept as the broker keeps them', () => {
    for (const [removalPolicy, deletion] of [
      [RemovalPolicy.RETAIN, 'Retain'],
      [RemovalPolicy.DESTROY, 'Delete'],
    ] as const) {
      const { stack, broker } = newBroker({ removalPolicy })
      broker.addQueue('invoices')
      const [[, { Properties, DeletionPolicy }] = ['', { Properties: {}, DeletionPolicy: '' }]] = appQueues(
        Template.fromStack(stack),
      )
      expect(Properties).toEqual({
        MaximumMessageSize: 1_048_576,
        MessageRetentionPeriod: 864_000,
        SqsManagedSseEnabled: true,
        RedrivePolicy: redriveTo('Dead', 1000),
      })
      expect(DeletionPolicy).toBe(deletion)
    }
  })

  test('is reached by TLS only', () => {
    const { stack, broker } = newBroker()
    broker.addQueue('invoices')
    Template.fromStack(stack).hasResourceProperties('AWS::SQS::QueuePolicy', {
      Queues: [{ Ref: Match.stringLikeRegexp('invoices') }],
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    })
  })

  test.each([{ fifoGroup: 'routing-key' }, { arguments: { 'x-single-active-consumer': true } }] as const)(
    'is FIFO where the queue is: %j',
    (props) => {
      const { stack, broker } = newBroker()
      broker.addQueue('invoices', props)
      const [[, queue] = []] = appQueues(Template.fromStack(stack))
      expect(queue?.Properties).toMatchObject({
        FifoQueue: true,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
      })
    },
  )

  test('is otherwise as its props say', () => {
    const { stack, broker } = newBroker()
    broker.addQueue('invoices', {
      sqsQueueProps: {
        visibilityTimeout: Duration.minutes(3),
        queueName: 'shop-invoices',
        retentionPeriod: Duration.days(4),
      },
    })
    const [[, queue] = []] = appQueues(Template.fromStack(stack))
    expect(queue?.Properties).toMatchObject({
      VisibilityTimeout: 180,
      QueueName: 'shop-invoices',
      MessageRetentionPeriod: 345_600,
    })
  })

  test.each<[string, BrokerQueueProps, unknown]>([
    ['a limit', { arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 4 } }, redriveTo('Dead', 5)],
    ['the limit of its type', { type: 'quorum' }, redriveTo('Dead', 21)],
    ['FIFO', { type: 'quorum', fifoGroup: 'queue' }, redriveTo('DeadFifo', 21)],
    ['messages that expire', { type: 'quorum', arguments: { 'x-message-ttl': 1 } }, redriveTo('Dead', 1000)],
  ])('passes what is received too often on to the broker, as the broker has it: %s', (_, props, policy) => {
    const { stack, broker } = newBroker()
    broker.addQueue('invoices', props)
    const [[, queue] = []] = appQueues(Template.fromStack(stack))
    expect(queue?.Properties.RedrivePolicy).toEqual(policy)
  })

  test('passes it elsewhere where its props say so', () => {
    const { stack, broker } = newBroker()
    const queue = new Queue(stack, 'Mine')
    broker.addQueue('invoices', { sqsQueueProps: { deadLetterQueue: { queue, maxReceiveCount: 3 } } })
    const [[, added] = []] = appQueues(Template.fromStack(stack))
    expect(added?.Properties.RedrivePolicy).toMatchObject({ maxReceiveCount: 3 })
    expect(JSON.stringify(added?.Properties.RedrivePolicy)).toContain('Mine')
  })

  test('has the key of the broker, and so have the secrets of users', () => {
    const stack = new Stack(newApp(), 'Shop')
    const encryptionKey = new Key(stack, 'Key')
    const broker = new Leveret(stack, 'Broker', { encryptionKey })
    broker.addQueue('invoices').grantConsume(new Role(stack, 'Consumer', { assumedBy: CONSUMER }))
    broker.addUser('shop')
    const template = Template.fromStack(stack)
    const [[keyId] = ['']] = Object.entries(resourcesOf(template, 'AWS::KMS::Key'))
    const key = { 'Fn::GetAtt': [keyId, 'Arn'] }
    const [[, queue] = []] = appQueues(template)
    expect(queue?.Properties.KmsMasterKeyId).toEqual(key)
    const secrets = Object.values(resourcesOf(template, 'AWS::SecretsManager::Secret'))
    expect(secrets.map(({ Properties }) => Properties.KmsKeyId)).toEqual([key, key])
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Consumer') }],
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt', Resource: key })]),
      },
    })
  })

  test('may be one that is there already', () => {
    const { stack, broker } = newBroker()
    const sqsQueue = new Queue(stack, 'Mine', { fifo: true })
    expect(broker.addQueue('invoices', { sqsQueue, fifoGroup: 'queue' }).sqsQueue).toBe(sqsQueue)
    expect(told(Template.fromStack(stack)).SqsQueues).toEqual([
      { Vhost: '/', Queue: 'invoices', Arn: { 'Fn::GetAtt': [expect.stringMatching(/^Mine/), 'Arn'] } },
    ])
  })
})

describe('what may be done with an added SQS queue', () => {
  const { stack, broker } = newBroker()
  const invoices = broker.addQueue('invoices', { sqsQueueProps: { encryption: QueueEncryption.KMS } })
  const consumer = new Role(stack, 'Consumer', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') })
  const worker = new LambdaFunction(stack, 'Worker', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'worker.handler',
    code: Code.fromInline('exports.handler = () => {}'),
    role: consumer,
  })
  invoices.grantConsume(consumer)
  worker.addEventSource(new SqsEventSource(invoices.sqsQueue))
  const template = Template.fromStack(stack)
  const roles = roleStatements(template, WORLD)
  const [[id] = ['']] = appQueues(template)
  const arn = String(resolve({ 'Fn::GetAtt': [id, 'Arn'] }, WORLD))

  const who = (action: string, resource = arn) =>
    [...roles]
      .filter(([, statements]) => isAllowed(statements, action, resource))
      .map(([name]) => name)
      .sort()

  test('each function may do with its messages what it does with those of the broker’s own', () => {
    const functionsWho = (...what: [string, string?]) => who(...what).filter((name) => name !== 'worker')
    for (const action of MESSAGE_ACTIONS) {
      expect(functionsWho(action), action).toEqual(who(action, queueArn('leveret-11111111-own-abcdefghij')))
      expect(functionsWho(action), action).toContain(action === 'sqs:SendMessage' ? 'publish' : 'consume')
    }
    expect(MESSAGE_ACTIONS.filter((action) => who(action).includes('worker'))).not.toContain('sqs:SendMessage')
    expect(who('sqs:ReceiveMessage')).toContain('worker')
  })

  test.each(['sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:SetQueueAttributes'])('nobody may %s', (action) => {
    expect(who(action)).toEqual([])
  })

  test('whoever sends or receives may use its key', () => {
    const [[keyId] = ['']] = Object.entries(resourcesOf(template, 'AWS::KMS::Key'))
    const key = String(resolve({ 'Fn::GetAtt': [keyId, 'Arn'] }, WORLD))
    const [senders, receivers] = [who('sqs:SendMessage'), who('sqs:ReceiveMessage')]
    expect(who('kms:GenerateDataKey', key)).toEqual(senders)
    expect(who('kms:Decrypt', key)).toEqual([...new Set([...senders, ...receivers])].sort())
  })

  test('a consumer reads payloads that SQS cannot hold, and writes nothing', () => {
    const [[bucketId] = ['']] = Object.entries(resourcesOf(template, 'AWS::S3::Bucket'))
    const blobs = String(resolve({ 'Fn::GetAtt': [bucketId, 'Arn'] }, WORLD))
    expect(who('s3:GetObject', `${blobs}/live/vhost/x`)).toContain('worker')
    expect(who('s3:GetObject', `${blobs}/bases/x`)).not.toContain('worker')
    expect(who('s3:PutObject', `${blobs}/live/vhost/x`)).not.toContain('worker')
  })
})

test('a user cannot be added where IAM principals are the users', () => {
  const auth = { type: 'iam', administrators: ['arn:aws:iam::123456789012:role/admins'] } as const
  const { broker } = newBroker({ auth })
  expect(() => broker.addUser('shop')).toThrow(
    /^Leveret cannot add user 'shop': auth is 'iam', .*make the IAM principal/,
  )
})

describe('what cannot be added', () => {
  type Add = (broker: Leveret, stack: Stack) => unknown
  const twice =
    (add: Add): Add =>
    (broker, stack) => {
      add(broker, stack)
      add(broker, stack)
    }

  test.each<[string, Add, RegExp]>([
    [
      'an unknown type',
      (broker) => broker.addExchange('x', { type: 'unheard-of' as 'topic' }),
      /^Leveret cannot add exchange 'x': unknown exchange type 'unheard-of'$/,
    ],
    [
      'a reserved name',
      (broker) => broker.addExchange('amq.mine', { type: 'topic' }),
      /exchange 'amq.mine': Access refused/,
    ],
    [
      'an exchange twice',
      twice((broker) => broker.addExchange('x', { type: 'topic' })),
      /exchange 'x': it is there already/,
    ],
    ['a queue twice', twice((broker) => broker.addQueue('q')), /'q'/],
    [
      'a stream',
      (broker) => broker.addQueue('q', { arguments: { 'x-queue-type': 'stream' } }),
      /queue type 'stream' is not supported/,
    ],
    [
      'an argument that is none',
      (broker) => broker.addQueue('q', { arguments: { 'x-message-ttl': -1 } }),
      /invalid arg 'x-message-ttl' for queue 'q'/,
    ],
    [
      'arguments that are tokens',
      (broker, stack) => broker.addQueue('q', { arguments: { 'x-note': stack.stackId } }),
      /cannot be tokens/,
    ],
    [
      'a name that is a token',
      (broker, stack) => broker.addExchange(stack.stackId, { type: 'topic' }),
      /cannot be tokens/,
    ],
    [
      'a FIFO name to a standard queue',
      (broker) => broker.addQueue('q', { sqsQueueProps: { queueName: 'a.fifo' } }),
      /sqsQueueProps.queueName is "a.fifo"; use up to 80/,
    ],
    [
      'a standard name to a FIFO queue',
      (broker) => broker.addQueue('q', { fifoGroup: 'queue', sqsQueueProps: { queueName: 'a' } }),
      /sqsQueueProps.queueName is "a"; use .* \.fifo at the end/,
    ],
    [
      'a long name',
      (broker) => broker.addQueue('q', { sqsQueueProps: { queueName: 'a'.repeat(81) } }),
      /sqsQueueProps.queueName is/,
    ],
    [
      'FIFO by the back door',
      (broker) => broker.addQueue('q', { sqsQueueProps: { fifo: true } }),
      /sqsQueueProps.fifo is true; leave it out/,
    ],
    [
      'a queue for small messages',
      (broker) => broker.addQueue('q', { sqsQueueProps: { maxMessageSizeBytes: 1024 } }),
      /sqsQueueProps.maxMessageSizeBytes is 1024; leave it out/,
    ],
    [
      'a standard SQS queue for FIFO',
      (broker, stack) => broker.addQueue('q', { fifoGroup: 'queue', sqsQueue: new Queue(stack, 'S') }),
      /sqsQueue is a standard queue; leave fifoGroup out/,
    ],
    [
      'an SQS queue and props',
      (broker, stack) => broker.addQueue('q', { sqsQueue: new Queue(stack, 'S'), sqsQueueProps: {} }),
      /both given/,
    ],
    [
      'a binding twice',
      (broker) => {
        const source = broker.exchange('amq.topic')
        broker.addQueue('q').bindTo(source).bindTo(source)
      },
      /it is there already/,
    ],
    [
      'a binding between vhosts',
      (broker) => broker.addQueue('q', { vhost: 'a' }).bindTo(broker.exchange('amq.topic')),
      /exchange 'amq.topic' is in vhost '\/'/,
    ],
    [
      'a binding that a headers exchange refuses',
      (broker) => broker.addQueue('q').bindTo(broker.exchange('amq.headers'), { arguments: { 'x-match': 'some' } }),
      /x-match/,
    ],
    [
      'a pattern that is none',
      (broker) => broker.addUser('u', { permissions: { '/': { read: '(' } } }),
      /user 'u'.*invalid_regexp/,
    ],
  ])('is %s', (_what, add, message) => {
    const { stack, broker } = newBroker()
    expect(() => add(broker, stack)).toThrow(message)
  })

  test('is more than a stack can tell the broker', () => {
    const { stack, broker } = newBroker()
    const queue = broker.addQueue('q')
    for (let index = 0; index < 1000; index += 1) {
      queue.bindTo(broker.exchange('amq.topic'), { routingKey: `a.routing.key.of.some.length.${index}` })
    }
    expect(() => Template.fromStack(stack)).toThrow(
      /bytes of topology by a stack, 81920 is the most: use addDefinitions/,
    )
  })
})

describe('a user', () => {
  const { stack, broker } = newBroker()
  const user = broker.addUser('shop', { permissions: { '/': { configure: '^shop\\.' }, other: { read: '.*' } } })
  broker.addExchange('orders.eu', { type: 'topic' }).grantPublish(user)
  broker.addExchange('refunds', { type: 'topic' }).grantPublish(user)
  broker.addQueue('replies').grantGet(user)
  const client = new Role(stack, 'Client', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') })
  user.grantLogin(client)
  const template = Template.fromStack(stack)

  test('may do what was granted and nothing else', () => {
    expect(told(template).topology.permissions).toEqual([
      {
        user: 'shop',
        vhost: '/',
        configure: '^shop\\.',
        write: '(?:^orders\\.eu$)|(?:^refunds$)',
        read: '^replies$',
      },
      { user: 'shop', vhost: 'other', configure: '', write: '', read: '.*' },
    ])
  })

  test('has a password of its own, which the broker and whoever may log in can read', () => {
    const secret = { Ref: expect.stringMatching(/UsersshopLogin/) }
    expect(told(template).Users).toEqual([{ Name: 'shop', SecretArn: secret, Tags: ['management'] }])
    const readers = Object.entries(resourcesOf(template, 'AWS::IAM::Policy'))
      .filter(([, { Properties }]) => JSON.stringify(Properties).includes('UsersshopLogin'))
      .map(([id]) => id.replace(/RoleDefaultPolicy.*|DefaultPolicy.*/, ''))
    expect(readers.sort()).toEqual(['BrokerBootstrap', 'Client'])
  })
})

describe('definitions', () => {
  const file = {
    vhosts: [{ name: 'shop' }],
    queues: [
      { name: 'jobs', vhost: 'shop', durable: true, auto_delete: false, arguments: {} },
      { name: 'log', vhost: 'shop', durable: true, auto_delete: false, arguments: { 'x-queue-type': 'stream' } },
    ],
    bindings: [
      {
        source: 'elsewhere',
        vhost: 'shop',
        destination: 'jobs',
        destination_type: 'queue',
        routing_key: '',
        arguments: {},
      },
    ],
  }
  const path = join(mkdtempSync(join(tmpdir(), 'leveret-cdk-definitions-')), 'broker.json')
  writeFileSync(path, JSON.stringify(file))

  test.each([
    ['a file', () => Definitions.fromAsset(path)],
    ['an object', () => Definitions.fromInline(file)],
  ])('of %s are imported after the broker is set up; what is passed over is a warning', (_what, make) => {
    const { stack, broker } = newBroker()
    broker.addDefinitions('Shop', make())
    const template = Template.fromStack(stack)
    const [[setUp] = ['']] = Object.entries(resourcesOf(template, 'Custom::LeveretBootstrap'))
    const { Properties, DependsOn } = onlyOf(template, 'Custom::LeveretDefinitions')
    expect(Properties).toMatchObject({ Key: expect.stringMatching(/^[0-9a-f]{64}\.json$/) })
    expect(Properties).not.toHaveProperty('Vhost')
    expect(JSON.stringify(Properties.Store)).toContain('s3://')
    expect(DependsOn).toContain(setUp)
    const reading = Object.entries(resourcesOf(template, 'AWS::IAM::Policy'))
      .filter(([, policy]) => JSON.stringify(policy.Properties).includes(`/${Properties.Key}`))
      .map(([id]) => id)
    expect(reading).toEqual([expect.stringMatching(/^BrokerBootstrapRole/)])
    Annotations.fromStack(stack).hasWarning('/Shop/Broker', Match.stringLikeRegexp("the stream 'log' was left out"))
  })

  test('of one vhost say so', () => {
    const { stack, broker } = newBroker()
    const queue = { name: 'jobs', durable: true, auto_delete: false, arguments: {} }
    broker.addDefinitions('Shop', Definitions.fromInline({ queues: [queue] }, { vhost: 'shop' }))
    expect(onlyOf(Template.fromStack(stack), 'Custom::LeveretDefinitions').Properties.Vhost).toBe('shop')
  })

  test.each<[string, object, RegExp]>([
    [
      'without vhosts',
      { queues: [{ name: 'q' }] },
      /^Leveret cannot import definitions: .*queues\[0\].vhost is missing/,
    ],
    [
      'with a bad argument',
      { queues: [{ name: 'q', vhost: '/', arguments: { 'x-message-ttl': 'soon' } }] },
      /queue 'q' in vhost '\/': invalid arg 'x-message-ttl'/,
    ],
    ['with an unknown type', { exchanges: [{ name: 'x', vhost: '/', type: 'odd' }] }, /unknown exchange type 'odd'/],
  ])('%s are refused when the app is synthesised', (_what, definitions, message) => {
    expect(() => Definitions.fromInline(definitions)).toThrow(message)
  })

  test('that are no JSON are refused with the name of the file', () => {
    writeFileSync(`${path}.txt`, '{')
    expect(() => Definitions.fromAsset(`${path}.txt`)).toThrow(/cannot import .*broker.json.txt: failed_to_parse_json/)
  })
})

describe('a broker of another app', () => {
  test('has the metrics of the one that it is', () => {
    const { stack, broker } = newBroker()
    const attributes = { url: 'https://x', namePrefix: 'leveret-11111111', blobsBucketName: 'blobs' }
    const imported = Leveret.fromLeveretAttributes(stack, 'Imported', attributes)
    expect(Object.values(imported.metricFailed().usingMetrics)).toMatchObject([
      { namespace: 'AWS/SQS', dimensions: { QueueName: 'leveret-11111111-failed' } },
      { namespace: 'AWS/SQS', dimensions: { QueueName: 'leveret-11111111-failed.fifo' } },
    ])
    expect(imported.metricRelayDelay()).toMatchObject({
      metricName: broker.queues.relay.metricApproximateAgeOfOldestMessage().metricName,
      dimensions: { QueueName: 'leveret-11111111-relay' },
    })
    for (const [own, ofApi] of [
      [broker.metricServerErrors(), broker.api.metricServerError()],
      [broker.metricClientErrors(), broker.api.metricClientError()],
      [broker.metricRequests(), broker.api.metricCount()],
      [broker.metricLatency(), broker.api.metricLatency()],
    ] as const) {
      expect(stack.resolve(own.toMetricConfig().metricStat)).toMatchObject({
        namespace: ofApi.namespace,
        metricName: ofApi.metricName,
        statistic: ofApi.statistic,
        dimensions: stack.resolve(ofApi.toMetricConfig().metricStat?.dimensions),
      })
    }
  })
})

import { Fn, Stack, Tags } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { FunctionUrl, IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { ENV } from '../lib/config.ts'
import type { MetricName } from '../lib/metrics.ts'
import { addAlarms } from './alarms.ts'
import { blobsBucket } from './blobs-bucket.ts'
import { administratorSecret, bootstrapResource } from './bootstrap.ts'
import { withKeyGrants } from './encryption.ts'
import { BOOTSTRAP_TIMEOUT, brokerFunctions, feedFunctions, tickClock } from './functions.ts'
import { type FunctionName, grantsByFunction } from './grants.ts'
import { type InternalQueues, internalQueues } from './internal-queues.ts'
import { brokerMetric } from './metrics.ts'
import { type BrokerNames, brokerNames } from './names.ts'
import { type LeveretProps, type Settings, toSettings } from './props.ts'
import { publishFunctionUrl, publishTarget } from './publish-front.ts'
import { refusal } from './refusal.ts'
import { BrokerApi } from './rest-api.ts'
import { messagesTable, topologyTable } from './tables.ts'

/**
 * A broker with RabbitMQ's model and no servers: exchanges, bindings and queues on DynamoDB, SQS and Lambda behind API
 * Gateway. Throws an Error that names the prop where a prop cannot be used.
 */
export class Leveret extends Construct {
  /** Where RabbitMQ's management API is, without `/api` and without a slash at the end. */
  readonly url: string
  readonly names: BrokerNames
  /** The topology. */
  readonly table: TableV2 | ITableV2
  /** Messages that wait for their time. */
  readonly messages: TableV2 | ITableV2
  readonly blobs: Bucket | IBucket
  readonly queues: InternalQueues
  /** JSON with `username` and `password` of the first administrator; without passwords there is none. */
  readonly administrator: Secret | undefined
  readonly functions: Readonly<Record<FunctionName, IFunction>>
  readonly api: RestApi
  /** Takes publishes, at the paths of the API, where a prop says so. */
  readonly publishUrl: FunctionUrl | undefined
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, props: LeveretProps = {}) {
    super(scope, id)
    const settings = toSettings(props)
    this.names = brokerNames(this, settings.name, settings.existing?.namePrefix)
    assertAlone(this)
    this.table = topologyTable(this, settings)
    this.messages = messagesTable(this, settings)
    this.blobs = blobsBucket(this, settings)
    this.queues = internalQueues(this, this.names, settings)
    this.administrator = settings.auth.type === 'basic' ? administratorSecret(this, settings) : undefined
    const functions = this.#functions(settings)
    this.functions = functions
    feedFunctions(this, this.functions, this.queues)
    tickClock(this, this.functions.clock)
    const publish = publishTarget(functions.publish, settings.provisionedConcurrency)
    const { api, url } = this.#api(publish, settings)
    this.api = api
    this.url = url
    this.publishUrl = settings.publishUrl ? publishFunctionUrl(this, publish, settings.auth) : undefined
    this.#serveWhenSetUp(settings)
    this.alarms = addAlarms(this, { ...this, clock: this.functions.clock }, settings.alarmTopic)
    for (const [key, value] of Object.entries(settings.tags)) Tags.of(this).add(key, value)
  }

  /** One of the broker's own metrics (docs/operations.md), for a dashboard or an alarm: its sum in each period, by default. */
  metric(name: MetricName, options?: MetricOptions): Metric {
    return brokerMetric(this.names.namePrefix, name, options)
  }

  #functions(settings: Settings): Readonly<Record<FunctionName, LambdaFunction>> {
    const { names, table, messages, blobs, queues, administrator } = this
    return brokerFunctions(this, {
      grants: withKeyGrants(
        grantsByFunction({
          table,
          messages,
          blobs,
          queues,
          administratorSecret: administrator,
          anyQueueArn: names.anyQueueArn,
        }),
        settings.encryptionKey,
      ),
      environment: {
        [ENV.namePrefix]: names.namePrefix,
        [ENV.topologyTable]: table.tableName,
        [ENV.messagesTable]: messages.tableName,
        [ENV.blobs]: `s3://${blobs.bucketName}`,
        [ENV.relayQueueUrl]: queues.relay.queueUrl,
        [ENV.relayQueueArn]: queues.relay.queueArn,
        [ENV.leaseMs]: String(settings.leaseMs),
        [ENV.auth]: settings.auth.type,
        ...(settings.encryptionKey && { [ENV.encryptionKeyArn]: settings.encryptionKey.keyArn }),
      },
      setUpEnvironment: {
        ...(administrator && { [ENV.administratorSecret]: administrator.secretArn }),
        ...(settings.auth.type === 'iam' && { [ENV.administrators]: Fn.join(' ', [...settings.auth.administrators]) }),
      },
      ...settings,
    })
  }

  #api(publish: IFunction, settings: Settings): BrokerApi {
    const { consume, manage } = this.functions
    return new BrokerApi(this, 'Api', { ...settings, name: this.names.namePrefix, publish, consume, manage })
  }

  /** No request is served before the broker is set up, nor after its queues begin to be deleted. */
  #serveWhenSetUp(settings: Settings): void {
    const lambda = this.functions.bootstrap
    const resource = bootstrapResource(this, { ...settings, lambda, timeout: BOOTSTRAP_TIMEOUT })
    this.api.deploymentStage.node.addDependency(resource)
    this.publishUrl?.node.addDependency(resource)
  }
}

/** Brokers of one stack are told apart by their names only. */
function assertAlone(broker: Leveret): void {
  const others = Stack.of(broker)
    .node.findAll()
    .filter((other) => other instanceof Leveret && other !== broker)
  const { name } = broker.names
  if (others.some((other) => other instanceof Leveret && other.names.name === name)) {
    throw refusal('name', name, 'another broker of this stack has it, so use a different one')
  }
}

import { Stack } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { ENV } from '../lib/config.ts'
import { addAlarms } from './alarms.ts'
import { blobsBucket } from './blobs-bucket.ts'
import { administratorSecret, bootstrapResource } from './bootstrap.ts'
import { BOOTSTRAP_TIMEOUT, brokerFunctions, feedFunctions, tickClock } from './functions.ts'
import { type FunctionName, grantsByFunction } from './grants.ts'
import { type InternalQueues, internalQueues } from './internal-queues.ts'
import { type BrokerNames, brokerNames } from './names.ts'
import { type LeveretProps, refusal, type Settings, toSettings } from './props.ts'
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
  readonly table: TableV2
  /** Messages that wait for their time. */
  readonly messages: TableV2
  readonly blobs: Bucket
  readonly queues: InternalQueues
  /** JSON with `username` and `password` of the first administrator. */
  readonly administrator: Secret
  readonly functions: Readonly<Record<FunctionName, IFunction>>
  readonly api: RestApi
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, props: LeveretProps = {}) {
    super(scope, id)
    const settings = toSettings(props)
    this.names = brokerNames(this, settings.name)
    assertAlone(this)
    this.table = topologyTable(this, settings)
    this.messages = messagesTable(this, settings)
    this.blobs = blobsBucket(this, settings)
    this.queues = internalQueues(this, this.names, settings)
    this.administrator = administratorSecret(this, settings)
    this.functions = this.#functions(settings)
    feedFunctions(this, this.functions, this.queues)
    tickClock(this, this.functions.clock)
    this.api = this.#api(settings)
    this.url = this.api.url.replace(/\/$/, '')
    const { bootstrap: _, ...watched } = this.functions
    this.alarms = addAlarms(this, { ...this, functions: watched, clock: watched.clock }, settings.alarmTopic)
  }

  #functions(settings: Settings) {
    const { names, table, messages, blobs, queues, administrator } = this
    return brokerFunctions(this, {
      grants: grantsByFunction({
        table,
        blobs,
        queues,
        administratorSecret: administrator,
        anyQueueArn: names.anyQueueArn,
      }),
      environment: {
        [ENV.namePrefix]: names.namePrefix,
        [ENV.topologyTable]: table.tableName,
        [ENV.messagesTable]: messages.tableName,
        [ENV.blobs]: `s3://${blobs.bucketName}`,
        [ENV.relayQueueUrl]: queues.relay.queueUrl,
        [ENV.relayQueueArn]: queues.relay.queueArn,
        [ENV.leaseMs]: String(settings.leaseMs),
      },
      setUpEnvironment: { [ENV.administratorSecret]: administrator.secretArn },
      ...settings,
    })
  }

  /** No request is served before the broker is set up, nor after its queues begin to be deleted. */
  #api(settings: Settings): RestApi {
    const { publish, consume, manage, bootstrap } = this.functions
    const { api } = new BrokerApi(this, 'Api', { ...settings, name: this.names.namePrefix, publish, consume, manage })
    const resource = bootstrapResource(this, { ...settings, lambda: bootstrap, timeout: BOOTSTRAP_TIMEOUT })
    api.deploymentStage.node.addDependency(resource)
    return api
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

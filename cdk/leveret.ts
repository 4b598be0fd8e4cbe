import { RemovalPolicy } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { ENV } from '../lib/config.ts'
import { addAlarms } from './alarms.ts'
import { blobsBucket } from './blobs-bucket.ts'
import { administratorSecret, bootstrapResource } from './bootstrap.ts'
import { BOOTSTRAP_TIMEOUT, brokerFunctions, feedRelay, tickClock } from './functions.ts'
import { type FunctionName, grantsByFunction } from './grants.ts'
import { type InternalQueues, internalQueues } from './internal-queues.ts'
import { type BrokerNames, brokerNames } from './names.ts'
import { assertProps, DEFAULT_LEASE_MS, DEFAULT_NAME, type LeveretProps } from './props.ts'
import { BrokerApi } from './rest-api.ts'
import { topologyTable } from './topology-table.ts'

/**
 * A broker with RabbitMQ's model and no servers: exchanges, bindings and queues on DynamoDB, SQS and Lambda behind API
 * Gateway. Throws an Error that names the prop where a prop cannot be used.
 */
export class Leveret extends Construct {
  /** Where RabbitMQ's management API is, without `/api` and without a slash at the end. */
  readonly url: string
  readonly names: BrokerNames
  readonly table: TableV2
  readonly blobs: Bucket
  readonly queues: InternalQueues
  /** JSON with `username` and `password` of the first administrator. */
  readonly administrator: Secret
  readonly functions: Readonly<Record<FunctionName, IFunction>>
  readonly api: RestApi
  readonly alarms: readonly Alarm[]

  constructor(scope: Construct, id: string, props: LeveretProps = {}) {
    super(scope, id)
    assertProps(props)
    const { leaseMs = DEFAULT_LEASE_MS, removalPolicy = RemovalPolicy.RETAIN } = props
    this.names = brokerNames(this, props.name ?? DEFAULT_NAME)
    this.table = topologyTable(this, removalPolicy)
    this.blobs = blobsBucket(this, removalPolicy)
    this.queues = internalQueues(this, this.names, removalPolicy)
    this.administrator = administratorSecret(this, removalPolicy)
    this.functions = this.#functions({ ...props, leaseMs, removalPolicy })
    feedRelay(this, this.functions.relay, this.queues.relay)
    tickClock(this, this.functions.clock)
    this.api = this.#api({ ...props, removalPolicy })
    this.url = this.api.url.replace(/\/$/, '')
    const { bootstrap: _, ...watched } = this.functions
    this.alarms = addAlarms(this, { ...this, functions: watched, clock: watched.clock }, props.alarmTopic)
  }

  #functions(props: LeveretProps & { leaseMs: number; removalPolicy: RemovalPolicy }) {
    const { leaseMs, removalPolicy, logRetention = RetentionDays.ONE_MONTH } = props
    const { names, table, blobs, queues, administrator } = this
    return brokerFunctions(this, {
      grants: grantsByFunction({
        table,
        blobs,
        relay: queues.relay,
        administratorSecret: administrator,
        anyQueueArn: names.anyQueueArn,
      }),
      environment: {
        [ENV.namePrefix]: names.namePrefix,
        [ENV.topologyTable]: table.tableName,
        [ENV.blobs]: `s3://${blobs.bucketName}`,
        [ENV.relayQueueUrl]: queues.relay.queueUrl,
        [ENV.relayQueueArn]: queues.relay.queueArn,
        [ENV.leaseMs]: String(leaseMs),
      },
      setUpEnvironment: { [ENV.administratorSecret]: administrator.secretArn },
      logRetention,
      removalPolicy,
    })
  }

  /** No request is served before the broker is set up, nor after its queues begin to be deleted. */
  #api(props: LeveretProps & { removalPolicy: RemovalPolicy }): RestApi {
    const { publish, consume, manage, bootstrap } = this.functions
    const { leaseMs = DEFAULT_LEASE_MS, logRetention = RetentionDays.ONE_MONTH, removalPolicy } = props
    const { api } = new BrokerApi(this, 'Api', {
      name: this.names.namePrefix,
      publish,
      consume,
      manage,
      throttle: props.throttle,
      accessLogs: props.accessLogs ?? false,
      logRetention,
      removalPolicy,
    })
    const resource = bootstrapResource(this, { lambda: bootstrap, timeout: BOOTSTRAP_TIMEOUT, removalPolicy, leaseMs })
    api.deploymentStage.node.addDependency(resource)
    return api
  }
}

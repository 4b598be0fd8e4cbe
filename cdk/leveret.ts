import { Annotations, type CustomResource, Fn, Stack, Tags } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import type { FunctionUrl, IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { AMQP_PORT, AMQPS_PORT, ENV } from '../lib/config.ts'
import { adopt } from './adopt.ts'
import { addAlarms } from './alarms.ts'
import { AmqpGateway } from './amqp-gateway.ts'
import { AppTopology } from './app-topology.ts'
import { blobsBucket } from './blobs-bucket.ts'
import {
  administratorSecret,
  bootstrapResource,
  definitionsResource,
  grantReadFile,
  grantReadSecret,
} from './bootstrap.ts'
import { BrokerExchange, type BrokerExchangeProps, DEFAULT_VHOST, type IBrokerExchange } from './broker-exchange.ts'
import { BrokerQueue, type BrokerQueueProps } from './broker-queue.ts'
import { BrokerUser, type BrokerUserProps } from './broker-user.ts'
import type { Definitions } from './definitions.ts'
import { withKeyGrants } from './encryption.ts'
import { BOOTSTRAP_TIMEOUT, brokerFunctions, feedFunctions, tickClock } from './functions.ts'
import { type FunctionName, type GrantsByFunction, grantsByFunction } from './grants.ts'
import { type InternalQueues, internalQueues } from './internal-queues.ts'
import { type ILeveret, ImportedLeveret, type LeveretAttributes, LeveretBase } from './leveret-base.ts'
import { type BrokerNames, brokerNames } from './names.ts'
import type { Auth, LeveretProps } from './props.ts'
import { publishFunctionUrl, publishTarget } from './publish-front.ts'
import { refusal } from './refusal.ts'
import { BrokerApi } from './rest-api.ts'
import { type Settings, toSettings } from './settings.ts'
import { messagesTable, topologyTable } from './tables.ts'
import { complaintsOf, topologyProperties } from './topology-properties.ts'

/**
 * A broker with RabbitMQ's model and no servers: exchanges, bindings and queues on DynamoDB, SQS and Lambda behind API
 * Gateway. Throws an Error that names the prop where a prop cannot be used.
 */
export class Leveret extends LeveretBase {
  /** A broker that another app deploys: to read its payloads, and for its metrics. */
  static fromLeveretAttributes(scope: Construct, id: string, attributes: LeveretAttributes): ILeveret {
    return new ImportedLeveret(scope, id, attributes)
  }

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
  /** Gateways that speak AMQP 0-9-1, where a prop says so. */
  readonly amqp: AmqpGateway | undefined
  readonly alarms: readonly Alarm[]
  readonly #settings: Settings
  readonly #grants: GrantsByFunction
  readonly #setUp: CustomResource
  readonly #topology = new AppTopology()
  readonly #addedQueues: BrokerQueue[] = []
  readonly #addedUsers: BrokerUser[] = []

  constructor(scope: Construct, id: string, props: LeveretProps = {}) {
    super(scope, id)
    const settings = toSettings(props)
    this.#settings = settings
    this.names = brokerNames(this, settings.name, settings.existing?.namePrefix)
    assertAlone(this)
    this.table = topologyTable(this, settings)
    this.messages = messagesTable(this, settings)
    this.blobs = blobsBucket(this, settings)
    this.queues = internalQueues(this, this.names, settings)
    this.administrator = settings.auth.type === 'basic' ? administratorSecret(this, settings) : undefined
    this.#grants = this.#functionGrants()
    const functions = this.#functions(settings)
    this.functions = functions
    feedFunctions(this, this.functions, this.queues)
    tickClock(this, this.functions.clock)
    const publish = publishTarget(functions.publish, settings.provisionedConcurrency)
    const { api, url } = this.#api(publish, settings)
    this.api = api
    this.url = url
    this.publishUrl = settings.publishUrl ? publishFunctionUrl(this, publish, settings.auth) : undefined
    this.#setUp = this.#declaredSetUp(settings)
    this.amqp = this.#amqpGateway(settings)
    this.alarms = addAlarms(this, { ...this, clock: this.functions.clock }, settings.alarmTopic)
    for (const [key, value] of Object.entries(settings.tags)) Tags.of(this).add(key, value)
  }

  get namePrefix(): string {
    return this.names.namePrefix
  }

  /** Declares an exchange with the app. Throws an Error that says what to change where the broker would refuse it. */
  addExchange(name: string, props: BrokerExchangeProps): BrokerExchange {
    return new BrokerExchange(this.#topology, name, props)
  }

  /** An exchange that somebody else declares, or that every vhost has, such as `amq.topic`, to be bound to. */
  exchange(name: string, { vhost = DEFAULT_VHOST }: { readonly vhost?: string } = {}): IBrokerExchange {
    this.#topology.referToExchange({ vhost, name })
    return { exchangeName: name, vhost }
  }

  /**
   * Declares a queue with the app, on an SQS queue of the app's. Throws an Error that says what to change where the broker
   * would refuse it.
   */
  addQueue(name: string, props: BrokerQueueProps = {}): BrokerQueue {
    const host = { topology: this.#topology, broker: this, settings: this.#settings }
    const queue = new BrokerQueue(scopeFor(this, 'Queues'), idFor(name, props.vhost), name, host, props)
    for (const [name, role] of this.#roles()) {
      const grants = adopt(role, queue.sqsQueue, this.#grants[name], this.names.anyQueueArn)
      for (const grant of grants) grant.applyBefore(this.#setUp)
    }
    this.#addedQueues.push(queue)
    return queue
  }

  /**
   * Declares a user with the app, with a password in a secret. Throws an Error where the broker knows no passwords, because
   * its users are IAM principals.
   */
  addUser(name: string, props: BrokerUserProps = {}): BrokerUser {
    const user = new BrokerUser(scopeFor(this, 'Users'), idFor(name), name, this.#settings, props)
    grantReadSecret(this.functions.bootstrap, user.secret).applyBefore(this.#setUp)
    this.#addedUsers.push(user)
    return user
  }

  /**
   * Has a definitions file imported when the app is deployed, and again when the file has changed. As every import it
   * merges: what is taken out of the file later stays in the broker. A file that the broker refuses fails the deployment.
   */
  addDefinitions(id: string, definitions: Definitions): CustomResource {
    const asset = definitions.toAsset(this, `${id}File`)
    grantReadFile(this.functions.bootstrap, asset)
    for (const warning of definitions.warnings) Annotations.of(this).addWarningV2('leveret:definitions', warning)
    const { vhost } = definitions
    const { bootstrap: lambda } = this.functions
    const resource = definitionsResource(this, id, { lambda, timeout: BOOTSTRAP_TIMEOUT, asset, vhost })
    resource.node.addDependency(this.#setUp)
    return resource
  }

  /** Of all that deal with messages. */
  #roles(): [keyof GrantsByFunction, IRole][] {
    const functions = Object.entries(this.functions) as [FunctionName, IFunction][]
    const roles: [keyof GrantsByFunction, IRole | undefined][] = functions.map(([name, { role }]) => [name, role])
    return [...roles, ['gateway', this.amqp?.taskRole] as const].filter(
      (entry): entry is [keyof GrantsByFunction, IRole] => entry[1] !== undefined,
    )
  }

  #functionGrants(): GrantsByFunction {
    const { names, table, messages, blobs, queues, administrator } = this
    const { anyQueueArn } = names
    const grants = grantsByFunction({ table, messages, blobs, queues, administratorSecret: administrator, anyQueueArn })
    return withKeyGrants(grants, this.#settings.encryptionKey)
  }

  /** Of functions and gateways. */
  #environment(settings: Settings): Readonly<Record<string, string>> {
    const { names, table, messages, blobs, queues } = this
    const { encryptionKey, amqp } = settings
    return {
      [ENV.namePrefix]: names.namePrefix,
      [ENV.topologyTable]: table.tableName,
      [ENV.messagesTable]: messages.tableName,
      [ENV.blobs]: `s3://${blobs.bucketName}`,
      [ENV.relayQueueUrl]: queues.relay.queueUrl,
      [ENV.relayQueueArn]: queues.relay.queueArn,
      [ENV.leaseMs]: String(settings.leaseMs),
      [ENV.auth]: settings.auth.type,
      ...tokenEnvironment(settings.auth),
      ...(encryptionKey && { [ENV.encryptionKeyArn]: encryptionKey.keyArn }),
      ...(amqp && { [ENV.amqpListener]: amqp.certificate ? `amqps:${AMQPS_PORT}` : `amqp:${AMQP_PORT}` }),
    }
  }

  #functions(settings: Settings): Readonly<Record<FunctionName, LambdaFunction>> {
    const { administrator } = this
    return brokerFunctions(this, {
      grants: this.#grants,
      environment: this.#environment(settings),
      setUpEnvironment: {
        ...(administrator && { [ENV.administratorSecret]: administrator.secretArn }),
        ...(settings.auth.type === 'iam' && { [ENV.administrators]: Fn.join(' ', [...settings.auth.administrators]) }),
      },
      ...settings,
    })
  }

  /** None takes connections before the broker is set up, or after its queues begin to be deleted. */
  #amqpGateway(settings: Settings): AmqpGateway | undefined {
    const { amqp, logRetention, removalPolicy } = settings
    if (amqp === undefined) return undefined
    const { gateway: grants } = this.#grants
    const common = { environment: this.#environment(settings), grants, logRetention, removalPolicy }
    const gateway = new AmqpGateway(this, 'Amqp', { ...amqp, ...common })
    gateway.service.node.addDependency(this.#setUp)
    return gateway
  }

  #api(publish: IFunction, settings: Settings): BrokerApi {
    const { consume, manage } = this.functions
    return new BrokerApi(this, 'Api', { ...settings, name: this.names.namePrefix, publish, consume, manage })
  }

  /** No request is served before the broker is set up, nor after its queues begin to be deleted. */
  #declaredSetUp(settings: Settings): CustomResource {
    const parts = { topology: this.#topology, queues: this.#addedQueues, users: this.#addedUsers }
    this.node.addValidation({ validate: () => complaintsOf(parts) })
    const topology = topologyProperties(parts)
    const { bootstrap: lambda } = this.functions
    const resource = bootstrapResource(this, { ...settings, lambda, timeout: BOOTSTRAP_TIMEOUT, topology })
    this.api.deploymentStage.node.addDependency(resource)
    this.publishUrl?.node.addDependency(resource)
    return resource
  }
}

function tokenEnvironment(auth: Auth): Readonly<Record<string, string>> {
  if (auth.type !== 'basic' || auth.tokens === undefined) return {}
  const { issuer, audience, jwksUri, jwks } = auth.tokens
  return {
    [ENV.jwtIssuer]: issuer,
    [ENV.jwtAudience]: audience,
    ...(jwksUri !== undefined && { [ENV.jwtJwksUri]: jwksUri }),
    ...(jwks !== undefined && { [ENV.jwtJwks]: jwks }),
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

/** Names may hold a slash, which ids of constructs may not, and are told apart by vhost. */
const idFor = (name: string, vhost = DEFAULT_VHOST): string =>
  (vhost === DEFAULT_VHOST ? [name] : [vhost, name]).map(encodeURIComponent).join(' ')

/** Where constructs go whose ids somebody else chooses. */
const scopeFor = (broker: Leveret, id: string): Construct =>
  (broker.node.tryFindChild(id) as Construct | undefined) ?? new Construct(broker, id)

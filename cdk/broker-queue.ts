import { Duration } from 'aws-cdk-lib'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import { DeduplicationScope, FifoThroughputLimit, type IQueue, Queue, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { fifoGroupingOf } from '../lib/topology/vhost/queue-arguments.ts'
import { type AppTopology, argumentsOf, assertKnown, cannotAdd } from './app-topology.ts'
import {
  type BindingOptions,
  bindInApp,
  DEFAULT_VHOST,
  exchangeNameIn,
  type IBrokerExchange,
} from './broker-exchange.ts'
import type { BrokerUser } from './broker-user.ts'
import { encryptionOf, type InternalQueues } from './internal-queues.ts'
import type { ILeveret } from './leveret-base.ts'
import type { Settings } from './settings.ts'

export interface BrokerQueueProps {
  /**
   * The vhost that it is in; made with the deployment if it does not exist.
   *
   * @default '/'
   */
  readonly vhost?: string
  /** @default - the vhost's default, which is classic unless somebody changes it */
  readonly type?: 'classic' | 'quorum'
  /**
   * Makes it FIFO: all messages in one group, one group for each routing key, or one for each value of a header.
   *
   * @default - a standard queue
   */
  readonly fifoGroup?: 'queue' | 'routing-key' | `header:${string}`
  /**
   * Where rejected messages go.
   *
   * @default - they are dropped
   */
  readonly deadLetterExchange?: IBrokerExchange
  /**
   * Further arguments, as RabbitMQ's clients send them. What they mean here is in docs/compatibility.md.
   *
   * @default - none
   */
  readonly arguments?: Readonly<Record<string, unknown>>
  /**
   * Of the SQS queue that is made for it: visibility timeout, key, name and whatever else `Queue` of aws-sqs takes. A
   * Lambda event source wants a visibility timeout of six times the function's timeout.
   *
   * @default - 10 days of retention, TLS only, 1 MiB messages, the broker's key and removal policy, and dead letters as those
   * of the broker's own SQS queues
   */
  readonly sqsQueueProps?: QueueProps
  /**
   * An SQS queue that exists already, in the broker's account and region, instead of a new one. Nothing else may send to
   * it what is not meant to be read as a message of this queue.
   *
   * @default - one is made
   */
  readonly sqsQueue?: IQueue
}

/** What a queue takes of the broker that it is added to. */
export interface QueueHost {
  readonly topology: AppTopology
  readonly broker: Pick<ILeveret, 'grantReadPayloads'> & { readonly queues: Pick<InternalQueues, 'dead' | 'dead.fifo'> }
  readonly settings: Pick<Settings, 'removalPolicy' | 'encryptionKey'>
}

/**
 * A queue that is declared with the app, made by `Leveret.addQueue`. Messages are in its SQS queue, which is the app's:
 * the broker sends to it and receives from it, and never changes or deletes it.
 */
export class BrokerQueue extends Construct {
  readonly queueName: string
  readonly vhost: string
  /** For event sources, alarms and permissions. */
  readonly sqsQueue: IQueue
  readonly #topology: AppTopology
  readonly #broker: QueueHost['broker']

  /** @internal */
  constructor(scope: Construct, id: string, name: string, host: QueueHost, props: BrokerQueueProps) {
    const { vhost = DEFAULT_VHOST } = props
    const what = `queue '${name}'`
    assertKnown(what, [name, vhost])
    super(scope, id)
    const args = argumentsOf(what, declaredArguments(what, vhost, props))
    host.topology.declareQueue({ vhost, name }, args)
    const isFifo = fifoGroupingOf(args) !== undefined
    const maxReceiveCount = host.topology.maxReceiveCount({ vhost, name })
    this.queueName = name
    this.vhost = vhost
    this.#topology = host.topology
    this.#broker = host.broker
    this.sqsQueue =
      props.sqsQueue ?? new Queue(this, 'SqsQueue', sqsQueueProps(what, isFifo, host, props, maxReceiveCount))
    assertUsable(what, isFifo, props)
  }

  /** Binds this queue to an exchange, which then routes messages to it. */
  bindTo(source: IBrokerExchange, options: BindingOptions = {}): this {
    bindInApp(this.#topology, source, { type: 'queue', vhost: this.vhost, name: this.queueName }, options)
    return this
  }

  /**
   * Lets an AWS identity consume with SQS's own API, and read the payloads that SQS cannot hold: those of this broker, as
   * nobody knows beforehand which of them this queue gets.
   */
  grantConsume(grantee: IGrantable): Grant {
    return this.sqsQueue.grantConsumeMessages(grantee).combine(this.#broker.grantReadPayloads(grantee))
  }

  /** Lets a user of the app get messages of this queue through the broker's API. */
  grantGet(user: BrokerUser): this {
    user.allow(this.vhost, 'read', this.queueName)
    return this
  }
}

function declaredArguments(what: string, vhost: string, props: BrokerQueueProps): Record<string, unknown> {
  const { type, fifoGroup, deadLetterExchange } = props
  return {
    ...props.arguments,
    ...(type !== undefined && { 'x-queue-type': type }),
    ...(fifoGroup !== undefined && { 'x-fifo-group': fifoGroup }),
    ...(deadLetterExchange && { 'x-dead-letter-exchange': exchangeNameIn(what, vhost, deadLetterExchange) }),
  }
}

const MAX_MESSAGE_BYTES = 1_048_576
const RETENTION = Duration.days(10)
const NAME = /^[A-Za-z0-9_-]{1,80}$/
const FIFO_NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/

/** As the broker makes its own, where the app says nothing else. */
function sqsQueueProps(
  what: string,
  isFifo: boolean,
  { broker: { queues }, settings: { removalPolicy, encryptionKey } }: QueueHost,
  props: BrokerQueueProps,
  maxReceiveCount: number,
): QueueProps {
  const { sqsQueueProps: given = {} } = props
  assertSqsQueueProps(what, isFifo, given)
  const isKeyGiven = given.encryption !== undefined || given.encryptionMasterKey !== undefined
  return {
    retentionPeriod: RETENTION,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    enforceSSL: true,
    removalPolicy,
    deadLetterQueue: { queue: isFifo ? queues['dead.fifo'] : queues.dead, maxReceiveCount },
    ...(!isKeyGiven && encryptionOf(encryptionKey)),
    ...(isFifo && {
      fifo: true,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    }),
    ...given,
  }
}

function assertSqsQueueProps(
  what: string,
  isFifo: boolean,
  { queueName, fifo, maxMessageSizeBytes }: QueueProps,
): void {
  if (fifo !== undefined && fifo !== isFifo) {
    throw cannotAdd(what, `sqsQueueProps.fifo is ${fifo}; leave it out, as fifoGroup decides`)
  }
  if (queueName !== undefined) {
    assertKnown(what, queueName)
    const isValid = (isFifo ? FIFO_NAME : NAME).test(queueName)
    const fix = `use up to 80 letters, digits, dashes and underscores${isFifo ? ', .fifo at the end included' : ''}`
    if (!isValid) throw cannotAdd(what, `sqsQueueProps.queueName is ${JSON.stringify(queueName)}; ${fix}`)
  }
  if (maxMessageSizeBytes !== undefined && maxMessageSizeBytes < MAX_MESSAGE_BYTES) {
    const fix = `leave it out, as the broker sends messages of up to ${MAX_MESSAGE_BYTES} bytes`
    throw cannotAdd(what, `sqsQueueProps.maxMessageSizeBytes is ${maxMessageSizeBytes}; ${fix}`)
  }
}

function assertUsable(what: string, isFifo: boolean, { sqsQueue, sqsQueueProps: given }: BrokerQueueProps): void {
  if (sqsQueue === undefined) return
  if (given !== undefined) throw cannotAdd(what, 'sqsQueue and sqsQueueProps are both given; use one of them')
  if (sqsQueue.fifo === isFifo) return
  const [is, fix] = sqsQueue.fifo ? ['a FIFO queue', 'set fifoGroup'] : ['a standard queue', 'leave fifoGroup out']
  throw cannotAdd(what, `sqsQueue is ${is}; ${fix}, or give another`)
}

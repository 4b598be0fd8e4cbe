import {
  MathExpression,
  type MathExpressionOptions,
  Metric,
  type MetricOptions,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct, type IConstruct } from 'constructs'
import { internalQueueName } from '../lib/config.ts'
import type { MetricName } from '../lib/metrics.ts'
import { brokerMetric } from './metrics.ts'

/** What somebody who does not write blobs needs of the bucket that holds them. */
export type BlobsBucket = Pick<IBucket, 'bucketArn' | 'bucketName' | 'arnForObjects' | 'encryptionKey'>

/** A broker of this app or of another one. */
export interface ILeveret extends IConstruct {
  /** Where RabbitMQ's management API is, without `/api` and without a slash at the end. */
  readonly url: string
  /** What the names of the broker's own SQS queues and of its API begin with. */
  readonly namePrefix: string
  /** Holds what is too large for SQS. */
  readonly blobs: BlobsBucket
  /** Lets an AWS identity read payloads that are too large for SQS: those of all queues of the broker. */
  grantReadPayloads(grantee: IGrantable): Grant
  /** One of the broker's own metrics (docs/operations.md), for a dashboard or an alarm: its sum in each period, by default. */
  metric(name: MetricName, options?: MetricOptions): Metric
  /** Messages in the failed queues: confirmed or dead ones that could not be delivered. */
  metricFailed(options?: MathExpressionOptions): MathExpression
  /** The age, s, of the oldest fan-out that waits for the relay. */
  metricRelayDelay(options?: MetricOptions): Metric
  /** Requests to the API. */
  metricRequests(options?: MetricOptions): Metric
  /** Requests that were answered with a 4xx. */
  metricClientErrors(options?: MetricOptions): Metric
  /** Requests that were answered with a 5xx. */
  metricServerErrors(options?: MetricOptions): Metric
  /** How long requests take, ms. */
  metricLatency(options?: MetricOptions): Metric
}

/** What identifies a broker to an app that does not deploy it. The stack `LeveretStack` has all of it as outputs. */
export interface LeveretAttributes {
  /** Without `/api` and without a slash at the end. */
  readonly url: string
  readonly namePrefix: string
  /** Output `BlobsBucket`. */
  readonly blobsBucketName: string
  /**
   * The key that the broker is encrypted with, to let readers of payloads use it.
   *
   * @default - it has keys of AWS
   */
  readonly encryptionKey?: IKey
}

export abstract class LeveretBase extends Construct implements ILeveret {
  abstract readonly url: string
  abstract readonly namePrefix: string
  abstract readonly blobs: BlobsBucket

  grantReadPayloads(grantee: IGrantable): Grant {
    const resourceArns = ['live/*', 'scheduled/*'].map((keys) => this.blobs.arnForObjects(keys))
    const grant = Grant.addToPrincipal({ grantee, actions: ['s3:GetObject'], resourceArns })
    const { encryptionKey } = this.blobs
    return encryptionKey ? grant.combine(encryptionKey.grantDecrypt(grantee)) : grant
  }

  metric(name: MetricName, options?: MetricOptions): Metric {
    return brokerMetric(this.namePrefix, name, options)
  }

  metricFailed(options?: MathExpressionOptions): MathExpression {
    const visible = (queue: 'failed' | 'failed.fifo') =>
      sqsMetric('ApproximateNumberOfMessagesVisible', internalQueueName(this, queue))
    return new MathExpression({
      expression: 'FILL(standard, 0) + FILL(fifo, 0)',
      usingMetrics: { standard: visible('failed'), fifo: visible('failed.fifo') },
      label: 'Messages that failed',
      ...options,
    })
  }

  metricRelayDelay(options?: MetricOptions): Metric {
    return sqsMetric('ApproximateAgeOfOldestMessage', internalQueueName(this, 'relay'), options)
  }

  metricRequests(options?: MetricOptions): Metric {
    return this.#apiMetric('Count', Stats.SAMPLE_COUNT, options)
  }

  metricClientErrors(options?: MetricOptions): Metric {
    return this.#apiMetric('4XXError', Stats.SUM, options)
  }

  metricServerErrors(options?: MetricOptions): Metric {
    return this.#apiMetric('5XXError', Stats.SUM, options)
  }

  metricLatency(options?: MetricOptions): Metric {
    return this.#apiMetric('Latency', Stats.AVERAGE, options)
  }

  #apiMetric(metricName: string, statistic: string, options?: MetricOptions): Metric {
    const dimensionsMap = { ApiName: this.namePrefix }
    return new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap, statistic, ...options })
  }
}

const sqsMetric = (metricName: string, QueueName: string, options?: MetricOptions): Metric =>
  new Metric({ namespace: 'AWS/SQS', metricName, dimensionsMap: { QueueName }, statistic: Stats.MAXIMUM, ...options })

/** A broker that another app deploys. */
export class ImportedLeveret extends LeveretBase {
  readonly url: string
  readonly namePrefix: string
  readonly blobs: BlobsBucket

  constructor(scope: Construct, id: string, { url, namePrefix, blobsBucketName, encryptionKey }: LeveretAttributes) {
    super(scope, id)
    this.url = url
    this.namePrefix = namePrefix
    this.blobs = Bucket.fromBucketAttributes(this, 'Blobs', {
      bucketName: blobsBucketName,
      ...(encryptionKey && { encryptionKey }),
    })
  }
}

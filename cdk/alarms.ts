import { Duration } from 'aws-cdk-lib'
import type { RestApi } from 'aws-cdk-lib/aws-apigateway'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  type Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { AmqpGateway } from './amqp-gateway.ts'
import type { InternalQueues } from './internal-queues.ts'

export interface WatchedParts {
  readonly api: RestApi
  readonly clock: IFunction
  readonly queues: InternalQueues
  /** Where there are gateways. */
  readonly amqp: AmqpGateway | undefined
}

interface Watch {
  /** The alarm's id, and its section in docs/operations.md. */
  readonly id: string
  readonly section: string
  readonly meaning: string
  readonly metric: IMetric
  /** The alarm is raised when the metric reaches it (or falls below it), in this many of the last periods. */
  readonly threshold: number
  readonly whenBelow?: boolean
  readonly periods: { readonly raised: number; readonly of: number }
  /** Whether it is an alarm that nothing is measured. */
  readonly missingIsBad?: boolean
}

/**
 * What somebody should be told of, each once and where it is felt. Errors and throttles of the functions are: those of the
 * API's as failed requests, those of relay and dead-letter as messages that wait. Each has a section in docs/operations.md that says
 * what to do.
 */
export function addAlarms(scope: Construct, parts: WatchedParts, topic: ITopic | undefined): Alarm[] {
  const all = [...watches(parts), ...(parts.amqp ? gatewayWatches(parts.amqp) : [])]
  return all.map((watch) => {
    const alarm = new Alarm(scope, watch.id, {
      alarmDescription: `${watch.meaning} What to do: docs/operations.md#${watch.section}`,
      metric: watch.metric,
      threshold: watch.threshold,
      comparisonOperator: watch.whenBelow
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: watch.periods.raised,
      evaluationPeriods: watch.periods.of,
      treatMissingData: watch.missingIsBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    })
    if (topic !== undefined) alarm.addAlarmAction(new SnsAction(topic))
    return alarm
  })
}

const PERIOD = Duration.minutes(5)
const MAX_AGE_S = 300

function watches({ api, clock, queues }: WatchedParts): Watch[] {
  const period = PERIOD
  return [
    {
      id: 'FailedQueueNotEmpty',
      section: 'failed-queue-not-empty',
      meaning: 'Confirmed or dead messages could not be delivered and wait in the failed queues.',
      metric: sumOf({ failed: queues.failed, failedFifo: queues['failed.fifo'] }, (queue) =>
        queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      ),
      threshold: 1,
      periods: { raised: 1, of: 1 },
    },
    {
      id: 'RelayDelayed',
      section: 'relay-delayed',
      meaning: 'Fan-outs wait for the relay for more than five minutes: confirmed messages arrive late.',
      metric: queues.relay.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      threshold: MAX_AGE_S,
      periods: { raised: 2, of: 2 },
    },
    {
      id: 'DeadLettersDelayed',
      section: 'dead-letters-delayed',
      meaning: 'Messages that were delivered too often wait for more than five minutes to be dead-lettered.',
      metric: maximumOf({ dead: queues.dead, deadFifo: queues['dead.fifo'] }, (queue) =>
        queue.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      ),
      threshold: MAX_AGE_S,
      periods: { raised: 2, of: 2 },
    },
    {
      id: 'ClockNotRunning',
      section: 'clock-not-running',
      meaning: 'The clock did not run without an error for ten minutes: unfinished work stays unfinished.',
      metric: successesOf(clock),
      threshold: 1,
      whenBelow: true,
      periods: { raised: 2, of: 2 },
      missingIsBad: true,
    },
    {
      id: 'RequestsFailing',
      section: 'requests-failing',
      meaning: 'More than one request in a hundred is answered with a 5xx.',
      metric: api.metricServerError({ period, statistic: Stats.AVERAGE }),
      threshold: 0.01,
      periods: { raised: 2, of: 3 },
    },
  ]
}

/** Of the share of a task's processor or memory, %. */
const BUSY = 85

function gatewayWatches(gateway: AmqpGateway): Watch[] {
  const period = PERIOD
  const { service, tasks } = gateway
  return [
    {
      id: 'AmqpGatewaysMissing',
      section: 'amqp-gateways-missing',
      meaning: 'Fewer AMQP gateways take connections than there should be.',
      metric: gateway.metricHealthyTasks(period),
      threshold: tasks,
      whenBelow: true,
      periods: { raised: 3, of: 3 },
      missingIsBad: true,
    },
    {
      id: 'AmqpGatewaysBusy',
      section: 'amqp-gateways-busy',
      meaning: `The AMQP gateways use more than ${BUSY} % of their processors or their memory.`,
      metric: maximumOf(
        {
          cpu: service.metricCpuUtilization({ period, statistic: Stats.AVERAGE }),
          memory: service.metricMemoryUtilization({ period, statistic: Stats.AVERAGE }),
        },
        (metric) => metric,
      ),
      threshold: BUSY,
      periods: { raised: 3, of: 3 },
    },
  ]
}

/** One alarm for all of them: which one it was is a graph away. */
const sumOf = <Part>(parts: Readonly<Record<string, Part>>, metricOf: (part: Part) => Metric): IMetric =>
  combined(parts, metricOf, (terms) => terms.join(' + '))

const maximumOf = <Part>(parts: Readonly<Record<string, Part>>, metricOf: (part: Part) => Metric): IMetric =>
  combined(parts, metricOf, (terms) => `MAX([${terms.join(', ')}])`)

const combined = <Part>(
  parts: Readonly<Record<string, Part>>,
  metricOf: (part: Part) => Metric,
  expressionOf: (terms: readonly string[]) => string,
): IMetric =>
  expressionOver(Object.fromEntries(Object.entries(parts).map(([id, part]) => [id, metricOf(part)])), expressionOf)

/** Runs that ended well. */
const successesOf = (lambda: IFunction): IMetric =>
  expressionOver(
    { invocations: lambda.metricInvocations({ period: PERIOD }), errors: lambda.metricErrors({ period: PERIOD }) },
    ([invocations, errors]) => `${invocations} - ${errors}`,
  )

/** What did nothing measures nothing, which must not make the whole nothing. */
function expressionOver(
  usingMetrics: Readonly<Record<string, Metric>>,
  expressionOf: (terms: readonly string[]) => string,
): IMetric {
  const terms = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`)
  return new MathExpression({ expression: expressionOf(terms), usingMetrics: { ...usingMetrics }, period: PERIOD })
}

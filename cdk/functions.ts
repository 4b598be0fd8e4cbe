import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets'
import { EventSourceMapping, type IFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { FED_QUEUES, fedQueues } from '../lib/config.ts'
import { BrokerFunction } from './broker-function.ts'
import type { FunctionName, GrantsByFunction } from './grants.ts'
import { constructIdOf, FED_TIMEOUTS, type InternalQueues } from './internal-queues.ts'

/** API Gateway waits for 29 s. */
const API_TIMEOUT = Duration.seconds(29)
const CLOCK_TIMEOUT = Duration.minutes(1)
/** Thousands of SQS queues may have to be deleted. */
export const BOOTSTRAP_TIMEOUT = Duration.minutes(14)

interface Size {
  readonly description: string
  readonly timeout: Duration
  readonly memoryMb: number
}

const SIZES: Readonly<Record<FunctionName, Size>> = {
  publish: { description: 'Publishes to exchanges', timeout: API_TIMEOUT, memoryMb: 1024 },
  consume: { description: 'Gets and settles messages', timeout: API_TIMEOUT, memoryMb: 1024 },
  manage: { description: 'Serves the rest of the API', timeout: API_TIMEOUT, memoryMb: 1769 },
  relay: { description: 'Finishes fan-outs', timeout: FED_TIMEOUTS.relay, memoryMb: 1024 },
  'dead-letter': { description: 'Passes dead messages on', timeout: FED_TIMEOUTS['dead-letter'], memoryMb: 1024 },
  delay: { description: 'Delivers what exchanges held', timeout: FED_TIMEOUTS.delay, memoryMb: 1024 },
  sweep: { description: 'Takes expired messages out of queues', timeout: FED_TIMEOUTS.sweep, memoryMb: 1024 },
  clock: { description: 'Finishes what was begun and not ended', timeout: CLOCK_TIMEOUT, memoryMb: 512 },
  bootstrap: { description: 'Sets the broker up and takes it down', timeout: BOOTSTRAP_TIMEOUT, memoryMb: 512 },
}

export interface BrokerFunctionsProps {
  readonly grants: GrantsByFunction
  /** Of all functions, and of those that may have to make the administrator. */
  readonly environment: Readonly<Record<string, string>>
  readonly setUpEnvironment: Readonly<Record<string, string>>
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
}

export function brokerFunctions(
  scope: Construct,
  props: BrokerFunctionsProps,
): Readonly<Record<FunctionName, LambdaFunction>> {
  const { grants, environment, setUpEnvironment, logRetention, removalPolicy } = props
  const make = (name: FunctionName): LambdaFunction => {
    const own = name === 'manage' || name === 'bootstrap' ? setUpEnvironment : {}
    const common = { environment: { ...environment, ...own }, logRetention, removalPolicy }
    return new BrokerFunction(scope, constructIdOf(name), { name, grants: grants[name], ...SIZES[name], ...common })
      .lambda
  }
  return {
    publish: make('publish'),
    consume: make('consume'),
    manage: make('manage'),
    relay: make('relay'),
    'dead-letter': make('dead-letter'),
    delay: make('delay'),
    sweep: make('sweep'),
    clock: make('clock'),
    bootstrap: make('bootstrap'),
  }
}

/** SQS hands out ten messages of a FIFO queue at most, and a larger batch of the others is no cheaper. */
const FEED_BATCH = 10
/** A bound on what a burst takes of the account's concurrency. */
const FEED_CONCURRENCY = 10

/** Has each internal queue feed its function. */
export function feedFunctions(
  scope: Construct,
  functions: Readonly<Record<FunctionName, IFunction>>,
  queues: InternalQueues,
): void {
  for (const queue of fedQueues()) {
    new EventSourceMapping(scope, `${constructIdOf(queue)}EventSource`, {
      target: functions[FED_QUEUES[queue]],
      eventSourceArn: queues[queue].queueArn,
      batchSize: FEED_BATCH,
      maxConcurrency: FEED_CONCURRENCY,
      reportBatchItemFailures: true,
    })
  }
}

/** A minute that was missed is made up for by the next. */
export function tickClock(scope: Construct, clock: IFunction): void {
  const target = new LambdaTarget(clock, {
    retryAttempts: 0,
    maxEventAge: Duration.minutes(1),
  })
  new Rule(scope, 'EachMinute', {
    description: "Runs a Leveret broker's clock",
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [target],
  })
}

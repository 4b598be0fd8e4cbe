import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets'
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { BrokerFunction } from './broker-function.ts'
import type { FunctionName, GrantsByFunction } from './grants.ts'
import { RELAY_TIMEOUT } from './internal-queues.ts'

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
  relay: { description: 'Finishes fan-outs', timeout: RELAY_TIMEOUT, memoryMb: 1024 },
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
): Readonly<Record<FunctionName, IFunction>> {
  const { grants, environment, setUpEnvironment, logRetention, removalPolicy } = props
  const make = (name: FunctionName): IFunction => {
    const own = name === 'manage' || name === 'bootstrap' ? setUpEnvironment : {}
    const common = { environment: { ...environment, ...own }, logRetention, removalPolicy }
    return new BrokerFunction(scope, idOf(name), { name, grants: grants[name], ...SIZES[name], ...common }).lambda
  }
  return {
    publish: make('publish'),
    consume: make('consume'),
    manage: make('manage'),
    relay: make('relay'),
    clock: make('clock'),
    bootstrap: make('bootstrap'),
  }
}

const idOf = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

const RELAY_BATCH = 10
/** A bound on what a burst of fan-outs takes of the account's concurrency. */
const RELAY_CONCURRENCY = 10

export function feedRelay(scope: Construct, relay: IFunction, queue: IQueue): void {
  new EventSourceMapping(scope, 'RelayEventSource', {
    target: relay,
    eventSourceArn: queue.queueArn,
    batchSize: RELAY_BATCH,
    maxConcurrency: RELAY_CONCURRENCY,
    reportBatchItemFailures: true,
  })
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

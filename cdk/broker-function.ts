import type { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  ApplicationLogLevel,
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge-wildcards.ts'
import { bundledFunction } from './bundle.ts'
import type { Grant } from './grant.ts'

export interface BrokerFunctionProps {
  /** Of the file in `functions/`. */
  readonly name: string
  readonly description: string
  readonly timeout: Duration
  readonly memoryMb: number
  readonly environment: Readonly<Record<string, string>>
  /** Beside writing its log. */
  readonly grants: readonly Grant[]
  readonly logRetention: RetentionDays
  readonly removalPolicy: RemovalPolicy
}

/** One Lambda function with a log and a role of its own, which allows nothing but what it is given. */
export class BrokerFunction extends Construct {
  readonly lambda: LambdaFunction
  readonly role: Role

  constructor(scope: Construct, id: string, props: BrokerFunctionProps) {
    super(scope, id)
    const logGroup = new LogGroup(this, 'Log', { retention: props.logRetention, removalPolicy: props.removalPolicy })
    const logging = { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Leveret, function ${props.name}`,
      inlinePolicies: { broker: policyOf([...props.grants, logging]) },
    })
    acknowledgeWildcards(this.role, props.grants)
    this.lambda = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: bundledFunction(props.name),
      handler: `${props.name}.handler`,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      environment: { ...props.environment },
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      // A message may come back to us any number of times (dead letters, retries); Lambda would stop it after 16.
      recursiveLoop: RecursiveLoop.ALLOW,
    })
  }
}

/** The policy that allows this and nothing else. */
export const policyOf = (grants: readonly Grant[]): PolicyDocument =>
  new PolicyDocument({ statements: grants.map(toStatement) })

const toStatement = ({ actions, resources }: Grant): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] })

import { Aws, Fn, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** Names and ARNs that a broker's parts have in common; all of them are resolved at deployment. */
export interface BrokerNames {
  /** As the prop says. */
  readonly name: string
  /** `{name}-{8 hex of the stack's id}`, unless it is another stack's that is taken up. */
  readonly namePrefix: string
  /** Matches every SQS queue of this broker, and of no other. */
  readonly anyQueueArn: string
}

/**
 * CloudFormation mints a new id for every stack, also for one that takes a deleted one's name, so that no broker ever finds
 * the SQS queues of another one.
 */
export function brokerNames(scope: Construct, name: string, existingPrefix?: string): BrokerNames {
  const { partition, region, account } = Stack.of(scope)
  const stackGuid = Fn.select(2, Fn.split('/', Aws.STACK_ID))
  const namePrefix = existingPrefix ?? `${name}-${Fn.select(0, Fn.split('-', stackGuid))}`
  return {
    name,
    namePrefix,
    anyQueueArn: `arn:${partition}:sqs:${region}:${account}:${namePrefix}-*`,
  }
}

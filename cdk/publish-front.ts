import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { FunctionUrl, FunctionUrlAuthType, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { Auth } from './props.ts'

const ALIAS = 'warm'

/** What publishes are sent to: the function, or an alias of its newest version that has so many environments ready. */
export function publishTarget(lambda: LambdaFunction, provisionedConcurrency: number | undefined): IFunction {
  if (provisionedConcurrency === undefined) return lambda
  const alias = lambda.addAlias(ALIAS, { provisionedConcurrentExecutions: provisionedConcurrency })
  // The CDK's types take an absent role for one that is undefined.
  return alias as IFunction
}

/** A front for publishes only. Without IAM anybody may invoke the function, which asks for name and password itself. */
export const publishFunctionUrl = (scope: Construct, target: IFunction, { type }: Auth): FunctionUrl =>
  new FunctionUrl(scope, 'PublishUrl', {
    function: target,
    authType: type === 'iam' ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
  })

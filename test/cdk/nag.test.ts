import { RemovalPolicy, Validations } from 'aws-cdk-lib'
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam'
import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, test } from 'vitest'
import type { LeveretProps } from '../../cdk/props.ts'
import { newStack } from './synthesised.ts'

/** Synthesis fails where a check finds something that nobody has given a reason for. */
function synthesiseChecked(broker: LeveretProps): void {
  const { app } = newStack({ broker })
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  app.synth()
}

test.each<[string, LeveretProps]>([
  ['as it is by default', {}],
  ['with access logs, which keeps nothing', { accessLogs: true, removalPolicy: RemovalPolicy.DESTROY }],
])('AwsSolutions finds nothing without a reason in a broker %s', (_what, broker) => {
  expect(() => synthesiseChecked(broker)).not.toThrow()
})

test('AwsSolutions would find what somebody forgets', () => {
  const { app, stack } = newStack()
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  const role = stack.broker.functions.publish.role
  role?.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('AmazonSQSFullAccess'))
  expect(() => app.synth()).toThrow(/AwsSolutions-IAM4/)
})

import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import { type IVpc, Vpc } from 'aws-cdk-lib/aws-ec2'
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { AwsSolutionsChecks } from 'cdk-nag'
import { expect, test } from 'vitest'
import { Leveret } from '../../cdk/leveret.ts'
import type { LeveretProps } from '../../cdk/props.ts'
import { newApp, newStack } from './synthesised.ts'

/** Synthesis fails where a check finds something that nobody has given a reason for. */
function synthesiseChecked(propsOf: (stack: Stack) => LeveretProps): void {
  const app = newApp()
  const stack = new Stack(app, 'Leveret')
  new Leveret(stack, 'Broker', propsOf(stack))
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  app.synth()
}

const iam = { type: 'iam', administrators: ['arn:aws:iam::123456789012:role/admins'] } as const
function vpcOf(stack: Stack): IVpc {
  const vpc = new Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false })
  Validations.of(vpc).acknowledge({ id: 'AwsSolutions-VPC7', reason: 'It is the test’s.' })
  return vpc as IVpc
}
const certificate = (stack: Stack) =>
  Certificate.fromCertificateArn(
    stack,
    'Certificate',
    'arn:aws:acm:eu-west-1:123456789012:certificate/0a1b2c3d-1111-4222-8333-444455556666',
  )
const encryptionKey = (stack: Stack) =>
  Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-1111-4222-8333-444455556666')

test.each<[string, (stack: Stack) => LeveretProps]>([
  ['as it is by default', () => ({})],
  ['with access logs, which keeps nothing', () => ({ accessLogs: true, removalPolicy: RemovalPolicy.DESTROY })],
  [
    'with a key and a domain of its own, a function URL, warm environments and tags',
    (stack) => ({
      encryptionKey: encryptionKey(stack),
      domain: { domainName: 'broker.example.org', certificate: certificate(stack) },
      publishUrl: true,
      provisionedConcurrency: 1,
      tags: { team: 'orders' },
    }),
  ],
  ['with IAM and function URL', () => ({ auth: iam, publishUrl: true })],
  [
    'with AMQP for everybody, in a VPC of its own',
    (stack) => ({ amqp: { newVpc: true, certificate: certificate(stack), tasks: 3 } }),
  ],
  [
    'with AMQP inside a VPC that is there',
    (stack) => ({ amqp: { vpc: vpcOf(stack), internal: true, withoutTls: true } }),
  ],
  ['with IAM at a private endpoint', (stack) => ({ auth: iam, privateEndpoint: { vpc: vpcOf(stack) } })],
])('AwsSolutions finds nothing without a reason in a broker %s', (_what, propsOf) => {
  expect(() => synthesiseChecked(propsOf)).not.toThrow()
})

test('AwsSolutions would find what somebody forgets', () => {
  const { app, stack } = newStack()
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  const role = stack.broker.functions.publish.role
  role?.addManagedPolicy(ManagedPolicy.fromAwsManagedPolicyName('AmazonSQSFullAccess'))
  expect(() => app.synth()).toThrow(/AwsSolutions-IAM4/)
})

import { App } from 'aws-cdk-lib'
import { CfnQueue } from 'aws-cdk-lib/aws-sqs'
import { propsFromContext } from '../../cdk/context.ts'
import { LeveretStack } from '../../cdk/leveret-stack.ts'

/** The app, with something after everything else that SQS refuses to make: a deployment that fails at its end. */
const app = new App()
const stack = new LeveretStack(app, 'Leveret', { broker: propsFromContext(app) })
const refused = new CfnQueue(stack, 'Refused', { queueName: 'no name of an SQS queue' })
refused.node.addDependency(stack.broker)

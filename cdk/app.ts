import { App } from 'aws-cdk-lib'
import { propsFromContext } from './context.ts'
import { LeveretStack } from './leveret-stack.ts'

const app = new App()
new LeveretStack(app, 'Leveret', { broker: propsFromContext(app) })

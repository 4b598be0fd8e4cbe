/** `leveret`: the construct for somebody else's CDK app. */
export { Leveret } from './leveret.ts'
export { LeveretStack, type LeveretStackProps } from './leveret-stack.ts'
export type { LeveretProps, Throttle } from './props.ts'

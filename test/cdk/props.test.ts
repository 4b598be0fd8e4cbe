import { RemovalPolicy, Stack } from 'aws-cdk-lib'
import { describe, expect, test } from 'vitest'
import { propsFromContext } from '../../cdk/context.ts'
import { type LeveretProps, toSettings } from '../../cdk/props.ts'
import { newApp } from './synthesised.ts'

describe('a prop that cannot be used', () => {
  test.each<[LeveretProps, RegExp]>([
    [{ name: 'no spaces' }, /name is "no spaces"; use 2 to 24 letters/],
    [{ name: '1st' }, /name is "1st"; use/],
    [{ name: 'a-name-of-twenty-five-chars' }, /name is .*; use/],
    [{ name: 'ends-' }, /name is .*; use/],
    [{ leaseMs: -1 }, /leaseMs is -1; use whole milliseconds from 0 to 10000/],
    [{ leaseMs: 10_001 }, /leaseMs is 10001; use/],
    [{ leaseMs: 0.5 }, /leaseMs is 0.5; use/],
    [{ leaseMs: Number.NaN }, /leaseMs is null; use/],
    [{ removalPolicy: RemovalPolicy.SNAPSHOT }, /removalPolicy is "snapshot"; use RemovalPolicy.RETAIN or/],
    [{ throttle: { rateLimit: 0, burstLimit: 1 } }, /throttle.rateLimit is 0; use/],
    [{ throttle: { rateLimit: 1, burstLimit: 1.5 } }, /throttle.burstLimit is 1.5; use/],
  ])('is refused with its name and what to write: %j', (props, message) => {
    expect(() => toSettings(props)).toThrow(message)
  })
})

test('props within their bounds are taken', () => {
  const throttle = { rateLimit: 0.5, burstLimit: 1 }
  expect(() => toSettings({ name: 'a2', leaseMs: 0, throttle, removalPolicy: RemovalPolicy.DESTROY })).not.toThrow()
  expect(() => toSettings({ name: 'a-name-of-24-characters1', leaseMs: 10_000 })).not.toThrow()
})

const inContext = (context: Record<string, unknown>) => propsFromContext(new Stack(newApp(context), 'Stack'))

describe('the context of the command line', () => {
  test('says the same as props', () => {
    const { alarmTopic, ...props } = inContext({
      'leveret:name': 'orders',
      'leveret:leaseMs': '250',
      'leveret:removalPolicy': 'destroy',
      'leveret:logRetentionDays': '7',
      'leveret:throttle': '500/1000',
      'leveret:accessLogs': 'true',
      'leveret:alarmTopicArn': 'arn:aws:sns:eu-west-1:123456789012:pager',
    })
    expect(props).toEqual({
      name: 'orders',
      leaseMs: 250,
      removalPolicy: RemovalPolicy.DESTROY,
      logRetention: 7,
      throttle: { rateLimit: 500, burstLimit: 1000 },
      accessLogs: true,
    })
    expect(alarmTopic?.topicArn).toBe('arn:aws:sns:eu-west-1:123456789012:pager')
  })

  test('may leave everything out', () => {
    expect(inContext({})).toEqual({})
  })

  test.each([
    ['leveret:leaseMs', 'soon', /leveret:leaseMs is "soon"; write a number/],
    ['leveret:removalPolicy', 'snapshot', /write retain or destroy/],
    ['leveret:logRetentionDays', '8', /write one of 1, 3, 5, 7/],
    ['leveret:throttle', 'fast', /write RATE\/BURST/],
    ['leveret:accessLogs', 'yes', /write true or false/],
    ['leveret:lease', '100', /there is no leveret:lease; use leveret:name/],
  ])('is refused with its name and what to write: %s=%s', (name, value, message) => {
    expect(() => inContext({ [name]: value })).toThrow(message)
  })
})

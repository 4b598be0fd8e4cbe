import { describe, expect, test } from 'vitest'
import { Leveret } from '../../cdk/leveret.ts'
import { queueArn } from '../privileges/arns.ts'
import { isAllowed, roleStatements, stackId } from './policies.ts'
import { newStack, synthesise } from './synthesised.ts'

const FIRST = { stackId: stackId('11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa') }
const SECOND = { stackId: stackId('22222222-aaaa-4aaa-8aaa-aaaaaaaaaaaa') }
const template = synthesise()
const first = roleStatements(template, FIRST)
const second = roleStatements(template, SECOND)

const statementsOf = (name: string) => first.get(name) ?? []
const actionsOf = (name: string) => statementsOf(name).flatMap(({ Action }) => Action)

const SQS_ACTIONS = [
  'sqs:SendMessage',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibility',
  'sqs:GetQueueAttributes',
  'sqs:CreateQueue',
  'sqs:DeleteQueue',
]

describe('roles', () => {
  test('there is one for each function', () => {
    expect([...first.keys()].sort()).toEqual([
      'bootstrap',
      'clock',
      'consume',
      'dead-letter',
      'manage',
      'publish',
      'relay',
    ])
  })

  test.each([...first.keys()])('%s has no wildcard but for names that are made while the broker runs', (name) => {
    for (const { Action, Resource } of statementsOf(name)) {
      expect(Action.filter((action) => action.includes('*'))).toEqual([])
      const wild = Resource.filter((resource) => resource.includes('*'))
      const made = /(:leveret-11111111-|BrokerBlobs[^:]*\/(live|scheduled|bases)\/)\*$/
      expect(wild.filter((resource) => !made.test(resource))).toEqual([])
    }
  })

  test('each is allowed what its function does, and no other function does it', () => {
    const who = (action: string) => [...first.keys()].filter((name) => actionsOf(name).includes(action)).sort()
    expect(who('sqs:SendMessage')).toEqual(['consume', 'dead-letter', 'publish', 'relay'])
    expect(who('sqs:ReceiveMessage')).toEqual(['consume', 'dead-letter', 'manage', 'relay'])
    expect(who('sqs:CreateQueue')).toEqual(['dead-letter', 'manage'])
    expect(who('sqs:DeleteQueue')).toEqual(['bootstrap', 'clock', 'dead-letter', 'manage'])
    expect(who('dynamodb:PutItem')).toEqual(['bootstrap', 'dead-letter', 'manage'])
    expect(who('sqs:SetQueueAttributes')).toEqual(['clock', 'manage'])
    expect(who('dynamodb:BatchGetItem')).toEqual([
      'bootstrap',
      'clock',
      'consume',
      'dead-letter',
      'manage',
      'publish',
      'relay',
    ])
    expect(who('secretsmanager:GetSecretValue')).toEqual(['bootstrap', 'manage'])
  })

  test('publish reads no message and no payload', () => {
    const own = queueArn('leveret-11111111-orders-abcdefghij')
    expect(isAllowed(statementsOf('publish'), 'sqs:SendMessage', own)).toBe(true)
    expect(isAllowed(statementsOf('publish'), 'sqs:ReceiveMessage', own)).toBe(false)
    const reads = statementsOf('publish').filter(({ Action }) => Action.includes('s3:GetObject'))
    expect(reads.flatMap(({ Resource }) => Resource).every((resource) => resource.endsWith('/bases/*'))).toBe(true)
  })

  test.each([
    ['relay', [/RelayQueue[^*]*\.Arn$/]],
    ['dead-letter', [/DeadFifoQueue[^*]*\.Arn$/, /DeadQueue[^*]*\.Arn$/]],
  ])('the event sources of %s may take from their queues and from no other', (name, queues) => {
    expect(isAllowed(statementsOf(name), 'sqs:ReceiveMessage', queueArn('leveret-11111111-orders-abcdefghij'))).toBe(
      false,
    )
    const [taking] = statementsOf(name).filter(({ Action }) => Action.includes('sqs:ReceiveMessage'))
    expect([...(taking?.Resource ?? [])].sort()).toEqual(queues.map((queue) => expect.stringMatching(queue)))
  })
})

describe('two brokers in one account', () => {
  const queuesOf = (id: string) =>
    ['orders-abcdefghij', 'relay', 'failed', 'x.fifo'].map((name) => queueArn(`leveret-${id}-${name}`))

  test.each(SQS_ACTIONS)('never touch each other’s SQS queues: %s', (action) => {
    const isAllowedOn = (roles: typeof first, arns: string[]) =>
      [...roles.values()].some((statements) => arns.some((arn) => isAllowed(statements, action, arn)))
    expect(isAllowedOn(first, queuesOf('11111111'))).toBe(true)
    expect(isAllowedOn(second, queuesOf('22222222'))).toBe(true)
    expect(isAllowedOn(first, queuesOf('22222222'))).toBe(false)
    expect(isAllowedOn(second, queuesOf('11111111'))).toBe(false)
  })

  test('share no resource at all', () => {
    const resourcesOf = (roles: typeof first) => [...roles.values()].flat().flatMap(({ Resource }) => Resource)
    const shared = new Set(resourcesOf(first))
    expect(resourcesOf(second).filter((resource) => shared.has(resource))).toEqual([])
  })

  test('of one stack are told apart by their names', () => {
    const other = roleStatements(synthesise({ name: 'other' }), FIRST)
    const publish = other.get('publish') ?? []
    expect(isAllowed(publish, 'sqs:SendMessage', queueArn('other-11111111-q-abcdefghij'))).toBe(true)
    expect(isAllowed(publish, 'sqs:SendMessage', queueArn('leveret-11111111-q-abcdefghij'))).toBe(false)
  })

  test('of one stack cannot have the same name', () => {
    const { stack } = newStack()
    expect(() => new Leveret(stack, 'Second')).toThrow(/name is "leveret"; another broker of this stack has it/)
    expect(() => new Leveret(stack, 'Third', { name: 'third' })).not.toThrow()
  })
})

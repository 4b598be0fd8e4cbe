import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { constructIdOf } from '../../cdk/internal-queues.ts'
import { Leveret } from '../../cdk/leveret.ts'
import { FED_QUEUES, fedQueues } from '../../lib/config.ts'
import { queueArn } from '../privileges/arns.ts'
import { isAllowed, roleStatements, stackId } from './policies.ts'
import { newStack, synthesise } from './synthesised.ts'

const FIRST = { stackId: stackId('11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa') }
const SECOND = { stackId: stackId('22222222-aaaa-4aaa-8aaa-aaaaaaaaaaaa') }
const template = synthesise()
const first = roleStatements(template, FIRST)
const second = roleStatements(template, SECOND)

const withAmqp = roleStatements(synthesise({ amqp: { newVpc: true, internal: true, withoutTls: true } }), FIRST)

const statementsOf = (name: string) => first.get(name) ?? []

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
    const files = globSync('*.ts', { cwd: fileURLToPath(new URL('../../functions', import.meta.url)) })
    expect([...first.keys()].sort()).toEqual(files.map((file) => basename(file, '.ts')).sort())
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
    const who = (action: string, on = /./) =>
      [...first]
        .filter(([, statements]) =>
          statements.some(({ Action, Resource }) => Action.includes(action) && Resource.some((arn) => on.test(arn))),
        )
        .map(([name]) => name)
        .sort()
    const changing = ['bootstrap', 'clock', 'dead-letter', 'manage']
    expect(who('dynamodb:PutItem', /Topology[^*]*\.Arn$/)).toEqual(changing)
    expect(who('s3:PutObject', /\/bases\/\*$/)).toEqual(changing)
    expect(who('sqs:DeleteQueue')).toEqual(changing)
    expect(who('sqs:CreateQueue')).toEqual(['bootstrap', 'dead-letter', 'manage'])
    expect(who('sqs:SetQueueAttributes')).toEqual(['clock', 'manage'])
    expect(who('secretsmanager:GetSecretValue')).toEqual(['bootstrap', 'manage'])
  })

  test('publish reads no message and no payload', () => {
    const own = queueArn('leveret-11111111-orders-abcdefghij')
    expect(isAllowed(statementsOf('publish'), 'sqs:SendMessage', own)).toBe(true)
    expect(isAllowed(statementsOf('publish'), 'sqs:ReceiveMessage', own)).toBe(false)
    const reads = statementsOf('publish').filter(({ Action }) => Action.includes('s3:GetObject'))
    expect(reads.flatMap(({ Resource }) => Resource).every((resource) => resource.endsWith('/bases/*'))).toBe(true)
  })

  // Function sweep looks through all queues.
  const fed = new Set(Object.values(FED_QUEUES).filter((name) => name !== 'sweep'))
  test.each([...fed])('the event sources of %s may take from their queues and from no other', (name) => {
    const queues = fedQueues().filter((queue) => FED_QUEUES[queue] === name)
    expect(isAllowed(statementsOf(name), 'sqs:ReceiveMessage', queueArn('leveret-11111111-orders-abcdefghij'))).toBe(
      false,
    )
    const [taking] = statementsOf(name).filter(({ Action }) => Action.includes('sqs:ReceiveMessage'))
    const named = queues.map((queue) => expect.stringMatching(`Broker${constructIdOf(queue)}Queue[0-9A-F]+\\.Arn$`))
    expect(taking?.Resource).toHaveLength(queues.length)
    expect(taking?.Resource).toEqual(expect.arrayContaining(named))
  })
})

describe('the role of the gateways', () => {
  const actionsOn = (name: string): Map<string, string> =>
    new Map(
      (withAmqp.get(name) ?? [])
        .flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((arn) => [action, arn] as const)))
        .filter(([action]) => !action.startsWith('logs:')),
    )

  test('is there with the gateways only', () => {
    expect(first.has('gateway')).toBe(false)
    expect(actionsOn('gateway').size).toBeGreaterThan(10)
  })

  test('allows what that of manage allows, but for the password, and no log', () => {
    const manage = actionsOn('manage')
    manage.delete('secretsmanager:GetSecretValue')
    expect(actionsOn('gateway')).toEqual(manage)
    const actions = (withAmqp.get('gateway') ?? []).flatMap(({ Action }) => Action)
    expect(actions.filter((action) => action.startsWith('logs:') || action.includes('*'))).toEqual([])
  })

  test('changes nothing about the roles of functions', () => {
    expect(new Map([...withAmqp].filter(([name]) => name !== 'gateway'))).toEqual(first)
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

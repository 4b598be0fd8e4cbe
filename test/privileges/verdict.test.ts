import { expect, test } from 'vitest'
import type { Statement } from '../cdk/policies.ts'
import { judge } from './verdict.ts'

const send: Statement = { Effect: 'Allow', Action: ['sqs:SendMessage'], Resource: ['arn:broker-*'] }
const read: Statement = { Effect: 'Allow', Action: ['dynamodb:Query'], Resource: ['arn:table'] }
const roles = new Map([['publish', [send, read]]])

const sent = (resource: string) => ({ function: 'publish', action: 'sqs:SendMessage', resource })
const queried = { function: 'publish', action: 'dynamodb:Query', resource: 'arn:table' }
const exception = { ...queried, resource: 'table', reason: 'rare' }

test('nothing is wrong with roles that allow what was done and no more', () => {
  expect(judge(roles, [sent('arn:broker-q'), queried])).toEqual({ denied: [], unused: [], stale: [] })
})

test('what was done and is not allowed is told once, with function, action and resource', () => {
  const { denied } = judge(roles, [sent('arn:other-a'), sent('arn:broker-q'), sent('arn:other-b'), queried])
  expect(denied).toEqual(['publish did sqs:SendMessage on arn:other-a and 1 more, and may not'])
})

test('a function that has no role may do nothing', () => {
  expect(judge(new Map(), [queried]).denied).toEqual(['publish did dynamodb:Query on arn:table, and may not'])
})

test('what is allowed and was not done is told, unless it is listed', () => {
  const accesses = [sent('arn:broker-q')]
  expect(judge(roles, accesses).unused).toEqual(['publish may dynamodb:Query on arn:table, and never did'])
  expect(judge(roles, accesses, [exception]).unused).toEqual([])
})

test('what a narrower permission allows as well is no use of a wider one', () => {
  const wide: Statement = { ...read, Resource: ['arn:*'] }
  const { unused } = judge(new Map([['publish', [send, read, wide]]]), [sent('arn:broker-q'), queried])
  expect(unused).toEqual(['publish may dynamodb:Query on arn:*, and never did'])
})

test('what another function did is no use', () => {
  const accesses = [sent('arn:broker-q'), { ...queried, function: 'consume' }]
  expect(judge(roles, accesses).unused).toEqual(['publish may dynamodb:Query on arn:table, and never did'])
})

test('an exception that no role has any more is told', () => {
  const stale = ['publish is listed for dynamodb:Query on …table, and may not']
  expect(judge(new Map([['publish', [send]]]), [sent('arn:broker-q')], [exception])).toMatchObject({ stale })
})

import { describe, expect, it } from 'vitest'
import { type AmqpTable, Typed } from '../../../lib/model/amqp-value.ts'
import { headers as headersType } from '../../../lib/routing/exchange-types/headers.ts'
import { bindingTo, messageWith } from '../../support/routing-view.ts'

function isMatched(args: AmqpTable, headers: AmqpTable): boolean {
  const index = headersType.createIndex({})
  index.add(bindingTo('q', '', args))
  let times = 0
  index.match(messageWith('', headers), () => times++)
  // A binding is found once, however many of its criteria hold.
  expect(times).toBeLessThanOrEqual(1)
  return times === 1
}

const double = (value: number) => new Typed('double', value)

describe('a criterion of a headers binding', () => {
  it.each<[string, AmqpTable, AmqpTable, boolean]>([
    ['holds for an equal text', { a: 'x' }, { a: 'x' }, true],
    ['does not hold for another text', { a: 'x' }, { a: 'X' }, false],
    ['does not hold without the header', { a: 'x' }, { b: 'x' }, false],
    ['tells a number from its text', { a: 1 }, { a: '1' }, false],
    ['tells an integer from a double', { a: 1 }, { a: double(1) }, false],
    ['takes equal doubles for equal', { a: double(1) }, { a: double(1) }, true],
    ['tells a boolean from its text', { a: true }, { a: 'true' }, false],
    ['ignores the width of an integer', { a: new Typed('uint8', 7) }, { a: new Typed('int64', 7n) }, true],
    ['compares tables whatever the order of their fields', { a: { b: 1, c: [2] } }, { a: { c: [2], b: 1 } }, true],
    ['compares arrays in their order', { a: [1, 2] }, { a: [2, 1] }, false],
    ['of void asks for presence', { a: null }, { a: 'anything' }, true],
    ['of void does not hold without the header', { a: null }, { b: 1 }, false],
    ['on a name that every object has asks for the header', { toString: null }, {}, false],
  ])('%s', (_name, args, headers, expected) => {
    expect(isMatched(args, headers)).toBe(expected)
  })
})

describe('x-match', () => {
  const criteria = { a: 1, b: 2, 'x-c': 3 }

  it.each<[string, AmqpTable, boolean]>([
    ['all', { a: 1, b: 2 }, true],
    ['all', { a: 1, 'x-c': 3 }, false],
    ['any', { b: 2 }, true],
    ['any', { b: 2, a: 1 }, true],
    ['any', { 'x-c': 3 }, false],
    ['all-with-x', { a: 1, b: 2, 'x-c': 3 }, true],
    ['all-with-x', { a: 1, b: 2 }, false],
    ['any-with-x', { 'x-c': 3 }, true],
    ['any-with-x', { a: 2 }, false],
  ])('%s of three criteria, one named x-, for the headers %o: %s', (mode, headers, expected) => {
    expect(isMatched({ ...criteria, 'x-match': mode }, headers)).toBe(expected)
  })

  it('defaults to all', () => {
    expect(isMatched(criteria, { a: 1, b: 2 })).toBe(true)
    expect(isMatched(criteria, { a: 1 })).toBe(false)
  })

  it.each(['all', 'all-with-x'])('%s without criteria matches every message', (mode) => {
    expect(isMatched({ 'x-match': mode }, {})).toBe(true)
    expect(isMatched({ 'x-match': mode }, { a: 1 })).toBe(true)
  })

  it.each(['any', 'any-with-x'])('%s without criteria matches no message', (mode) => {
    expect(isMatched({ 'x-match': mode }, { 'x-match': mode, a: 1 })).toBe(false)
  })

  it('counts criteria that are ignored as none', () => {
    expect(isMatched({ 'x-match': 'all', 'x-a': 1 }, {})).toBe(true)
    expect(isMatched({ 'x-match': 'any', 'x-a': 1 }, { 'x-a': 1 })).toBe(false)
  })

  it('with another value is refused in the words of RabbitMQ', () => {
    const bind = (mode: AmqpTable) => () => headersType.assertBinding({ routingKey: '', arguments: mode }, {})
    expect(bind({ 'x-match': 'some' })).toThrow(
      'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x',
    )
    expect(bind({ 'x-match': 1 })).toThrow('Invalid x-match field type long (value 1); expected longstr')
  })
})

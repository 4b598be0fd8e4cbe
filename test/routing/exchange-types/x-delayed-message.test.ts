import { describe, expect, it } from 'vitest'
import { type AmqpValue, Typed } from '../../../lib/model/amqp-value.ts'
import { assertHoldable, withDelayServed } from '../../../lib/routing/exchange-types/x-delayed-message.ts'
import { exchangeType } from '../../../lib/routing/exchange-types.ts'
import { messageWith } from '../../support/routing-view.ts'

const YEAR_MS = 31_536_000_000

const type = exchangeType('x-delayed-message')
const effectOf = (delay?: AmqpValue) =>
  type
    ?.createIndex({ 'x-delayed-type': 'fanout' })
    .effectOf?.(messageWith('', delay === undefined ? {} : { 'x-delay': delay }))
/** 0 where it is not held. */
function holdMs(delay?: AmqpValue): number {
  const effect = effectOf(delay)
  return effect?.type === 'hold' ? effect.holdMs : 0
}

describe('x-delayed-message', () => {
  it.each<[AmqpValue, number]>([
    [1, 1],
    [5000.9, 5000],
    [new Typed('double', 7.5), 7],
    [new Typed('uint32', 12), 12],
    ['250', 250],
    ['+250', 250],
    [YEAR_MS, YEAR_MS],
  ])('holds a message whose delay is %j for %i ms', (delay, expected) => {
    expect(holdMs(delay)).toBe(expected)
  })

  it.each<[AmqpValue]>([[0], [-1], ['-5'], ['soon'], ['1.5'], [''], [true], [null], [[1]], [{}]])(
    'holds no message whose delay is %j',
    (delay) => {
      expect(holdMs(delay)).toBe(0)
    },
  )

  it('holds no message without a delay', () => {
    expect(holdMs()).toBe(0)
  })

  it('refuses a delay of more than a year and says the limit', () => {
    expect(() => assertHoldable(holdMs(YEAR_MS))).not.toThrow()
    expect(() => assertHoldable(holdMs(YEAR_MS + 1))).toThrow(/31536000001 ms: .* 31536000000 ms at most/)
    expect(() => assertHoldable(holdMs('9'.repeat(400)))).toThrow(/at most/)
  })

  it('asks its inner type about arguments and bindings', () => {
    const args = { 'x-delayed-type': 'x-consistent-hash' }
    expect(() => type?.assertArguments({ ...args, 'hash-header': 1 })).toThrow(/hash-header must be a string/)
    expect(() => type?.assertBinding({ routingKey: 'heavy', arguments: {} }, args)).toThrow(/must be an integer/)
    expect(() => type?.assertBinding({ routingKey: '3', arguments: {} }, args)).not.toThrow()
  })

  it('marks a served delay as negative, once', () => {
    const served = withDelayServed({ 'x-delay': '250', other: 1 })
    expect(served).toEqual({ 'x-delay': -250, other: 1 })
    expect(withDelayServed(served)).toEqual(served)
    expect(holdMs(served['x-delay'])).toBe(0)
  })
})

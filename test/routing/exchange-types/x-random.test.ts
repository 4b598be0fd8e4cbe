import { describe, expect, it } from 'vitest'
import { xRandom } from '../../../lib/routing/exchange-types/x-random.ts'
import { bindingTo, messageWith } from '../../support/routing-view.ts'

describe('x-random', () => {
  it('gives every binding the same part of the range of chance', () => {
    const index = xRandom.createIndex({})
    const queues = ['a', 'b', 'c', 'd', 'e']
    for (const queue of queues) index.add(bindingTo(queue))
    index.add(bindingTo('a', 'a second binding of the same queue'))
    const counts = new Map<string, number>()
    for (let step = 0; step < 600; step++) {
      index.match(
        messageWith('', {}, () => step / 600),
        ({ destination: { id } }) => counts.set(id, (counts.get(id) ?? 0) + 1),
      )
    }
    expect(Object.fromEntries(counts)).toEqual({ a: 200, b: 100, c: 100, d: 100, e: 100 })
  })
})

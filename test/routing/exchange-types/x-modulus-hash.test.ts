import { describe, expect, it } from 'vitest'
import type { BindingIndex } from '../../../lib/routing/exchange-type.ts'
import { xModulusHash } from '../../../lib/routing/exchange-types/x-modulus-hash.ts'
import { murmur3 } from '../../../lib/routing/hash.ts'
import { bindingTo, messageWith } from '../../support/routing-view.ts'

const KEYS = Array.from({ length: 1000 }, (_, number) => `key ${number}`)

function placementOf(index: BindingIndex): string[] {
  const found: string[] = []
  for (const key of KEYS) index.match(messageWith(key), ({ destination }) => found.push(destination.id))
  return found
}

describe('x-modulus-hash', () => {
  it('takes the destination at the place that the hash of the key has among them, sorted', () => {
    const index = xModulusHash.createIndex({})
    for (const queue of ['b', 'd', 'a', 'c']) index.add(bindingTo(queue))
    expect(placementOf(index)).toEqual(KEYS.map((key) => ['a', 'b', 'c', 'd'][murmur3(key) % 4]))
  })

  it('counts a destination once, for as long as it has a binding', () => {
    const index = xModulusHash.createIndex({})
    for (const queue of ['a', 'b']) index.add(bindingTo(queue))
    const before = placementOf(index)
    index.add(bindingTo('a', 'another'))
    expect(placementOf(index)).toEqual(before)
    index.remove(bindingTo('a'))
    expect(placementOf(index)).toEqual(before)
    index.remove(bindingTo('a', 'another'))
    expect(new Set(placementOf(index))).toEqual(new Set(['b']))
  })
})

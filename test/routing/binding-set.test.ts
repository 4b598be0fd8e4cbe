import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bindingKey } from '../../lib/model/binding.ts'
import { BindingSet } from '../../lib/routing/binding-set.ts'
import { bindingTo } from '../support/routing-view.ts'

/** Bindings that differ in one part of their identity each, more than the set scans. */
const BINDINGS = Array.from({ length: 40 }, (_, number) =>
  bindingTo(`q${number % 3}`, `${number % 5}`, number % 2 === 0 ? {} : { number }),
).filter((binding, place, all) => all.findIndex((other) => bindingKey(other) === bindingKey(binding)) === place)

describe('a set of bindings', () => {
  it('holds what was added and not removed, small or large', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(BINDINGS.length - 1), { maxLength: 120, size: 'max' }), (toggles) => {
        const set = new BindingSet()
        const expected = new Set<string>()
        for (const place of toggles) {
          const binding = BINDINGS[place] ?? bindingTo('never')
          const isHeld = expected.delete(bindingKey(binding))
          if (isHeld) set.remove({ ...binding, arguments: { ...binding.arguments } })
          else set.add(binding)
          if (!isHeld) expected.add(bindingKey(binding))
        }
        const held: string[] = []
        set.forEach((binding) => void held.push(bindingKey(binding)))
        const byPlace = Array.from(held, (_, place) => set.at(place)).map((binding) => binding && bindingKey(binding))
        expect(byPlace).toEqual(held)
        expect(set.at(held.length)).toBeUndefined()
        expect(held.sort()).toEqual([...expected].sort())
        expect(set.size).toBe(expected.size)
      }),
      { numRuns: 300 },
    )
  })

  it('ignores the removal of a binding that it does not hold', () => {
    const set = new BindingSet()
    for (const binding of BINDINGS.slice(1)) set.add(binding)
    set.remove(bindingTo('missing'))
    expect(set.size).toBe(BINDINGS.length - 1)
  })
})

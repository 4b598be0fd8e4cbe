import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type Binding, bindingKey } from '../../lib/model/binding.ts'
import { BrokerError } from '../../lib/model/errors.ts'
import { fromStored, toStored } from '../../lib/model/json.ts'
import type { BindingIndex, ExchangeType, RoutableMessage } from '../../lib/routing/exchange-type.ts'
import { exchangeType, exchangeTypes } from '../../lib/routing/exchange-types.ts'

type BindingRules = Pick<Binding, 'routingKey' | 'arguments'>

/** What the suite must know of an exchange type to hold it to the contract that all of them share. */
export interface ExchangeTypeCase {
  readonly type: ExchangeType
  /** Arguments that an exchange may be declared with. */
  readonly accepted: readonly AmqpTable[]
  readonly refused: readonly AmqpTable[]
  readonly refusedBindings: readonly BindingRules[]
  /** Keys and arguments of bindings, dense enough for messages to match some of them. */
  readonly rules: fc.Arbitrary<BindingRules>
  readonly messages: fc.Arbitrary<RoutableMessage>
  /** Where one binding of a destination counts, the first to come, the suite binds no destination twice. */
  readonly countsOnePerDestination?: boolean
  /** Where chance picks a binding, which one it is may depend on the order in which they came. */
  readonly picksByChance?: boolean
  /**
   * Whether a binding matches, where each does so on its own. Left out by types that choose among their bindings, of
   * which the suite then asks that they find exactly one of those that are there.
   */
  readonly matches?: (binding: Binding, message: RoutableMessage) => boolean
}

const RUNS = { numRuns: 1000 }

/** The suite that every exchange type runs. */
export function describeExchangeType(exchangeCase: ExchangeTypeCase): void {
  const { type, accepted, refused, refusedBindings, messages, matches, picksByChance = false } = exchangeCase
  const bindings = bindingsOf(exchangeCase)
  const newIndex = (): BindingIndex => type.createIndex(accepted[0] ?? {})

  describe(`${type.name} as an exchange type`, () => {
    it(`${type.name} is registered under its name and described`, () => {
      expect(exchangeType(type.name)).toBe(type)
      expect(exchangeTypes()).toContain(type)
      expect(type.description).toMatch(/^[A-Z].{9,}$/)
    })

    it(`${type.name} takes the arguments and bindings that make sense for it`, () => {
      for (const args of accepted) type.assertArguments(args)
      fc.assert(
        fc.property(bindings, (all) => all.forEach((binding) => void type.assertBinding(binding, accepted[0] ?? {}))),
      )
    })

    it(`${type.name} refuses other arguments and bindings as failed preconditions`, () => {
      for (const args of refused) expectRefusal(() => type.assertArguments(args))
      for (const binding of refusedBindings) expectRefusal(() => type.assertBinding(binding, accepted[0] ?? {}))
    })

    it(`${type.name} finds nothing in an empty index`, () => {
      fc.assert(
        fc.property(messages, (message) => {
          expect(find(newIndex(), message)).toEqual([])
        }),
      )
    })

    it(`${type.name} finds what matches among the bindings that were added and not removed`, () => {
      fc.assert(
        fc.property(bindings, fc.array(fc.nat()), messages, (all, picks, message) => {
          const { picked, rest } = pick(all, picks)
          const index = withBindings(newIndex(), all)
          for (const binding of picked) index.remove(copyOf(binding))
          const found = find(index, message)
          if (matches === undefined) {
            expect(found).toHaveLength(Math.min(rest.length, 1))
            expect(rest.map(bindingKey)).toEqual(expect.arrayContaining(found))
          } else expect(found).toEqual(sortedKeys(rest.filter((binding) => matches(binding, message))))
        }),
        RUNS,
      )
    })

    it(`${type.name} keeps no trace of bindings that have gone`, () => {
      fc.assert(
        fc.property(shuffled(bindings), messages, ({ all, reordered }, message) => {
          const index = withBindings(newIndex(), all)
          find(index, message)
          for (const binding of reordered) index.remove(copyOf(binding))
          const untouched = newIndex()
          expect(find(index, message)).toEqual(find(untouched, message))
          expect(index).toEqual(untouched)
        }),
        RUNS,
      )
    })

    if (picksByChance) return

    it(`${type.name} finds the same in whatever order bindings came`, () => {
      fc.assert(
        fc.property(shuffled(bindings), messages, ({ all, reordered }, message) => {
          const index = withBindings(newIndex(), all)
          expect(find(withBindings(newIndex(), reordered), message)).toEqual(find(index, message))
        }),
        RUNS,
      )
    })

    it(`${type.name} finds the same after bindings have gone and come back`, () => {
      fc.assert(
        fc.property(bindings, fc.array(fc.nat()), messages, (all, picks, message) => {
          const index = withBindings(newIndex(), all)
          const before = find(index, message)
          const { picked } = pick(all, picks)
          for (const binding of picked) index.remove(copyOf(binding))
          find(index, message)
          expect(find(withBindings(index, picked), message)).toEqual(before)
        }),
        RUNS,
      )
    })
  })
}

function expectRefusal(act: () => void): void {
  let refusal: unknown
  try {
    act()
  } catch (error) {
    refusal = error
  }
  expect(refusal).toBeInstanceOf(BrokerError)
  expect(refusal).toMatchObject({ kind: 'precondition-failed', reason: expect.stringMatching(/./) })
}

/** Bindings of one exchange, all different, to few enough destinations that they share some. */
function bindingsOf({ rules, countsOnePerDestination = false }: ExchangeTypeCase): fc.Arbitrary<Binding[]> {
  const destination = fc.record({
    type: fc.constantFrom('queue' as const, 'exchange' as const),
    id: fc.constantFrom(...'abcdefghijkl'),
  })
  const binding = fc
    .tuple(destination, rules)
    .map(([to, rule]): Binding => ({ sourceId: 'source', destination: to, ...rule }))
  const some = (size: 'small' | 'max'): fc.Arbitrary<Binding[]> =>
    fc.uniqueArray(binding, {
      maxLength: 40,
      size,
      selector: (one) => (countsOnePerDestination ? `${one.destination.type} ${one.destination.id}` : bindingKey(one)),
    })
  return fc.oneof({ weight: 9, arbitrary: some('small') }, some('max'))
}

const shuffled = (bindings: fc.Arbitrary<Binding[]>): fc.Arbitrary<{ all: Binding[]; reordered: Binding[] }> =>
  bindings.chain((all) => fc.shuffledSubarray(all, { minLength: all.length }).map((reordered) => ({ all, reordered })))

function pick(all: readonly Binding[], picks: readonly number[]): { picked: Binding[]; rest: Binding[] } {
  const places = new Set(picks.map((place) => place % Math.max(all.length, 1)))
  const picked = all.filter((_binding, place) => places.has(place))
  return { picked, rest: all.filter((binding) => !picked.includes(binding)) }
}

/** Who removes a binding knows it by its contents. */
const copyOf = (binding: Binding): Binding => ({
  ...binding,
  destination: { ...binding.destination },
  arguments: fromStored(toStored(binding.arguments)) as AmqpTable,
})

function withBindings(index: BindingIndex, bindings: readonly Binding[]): BindingIndex {
  for (const binding of bindings) index.add(binding)
  return index
}

const sortedKeys = (bindings: readonly Binding[]): string[] => bindings.map(bindingKey).sort()

/** The keys of the bindings found, each once, sorted. */
function find(index: BindingIndex, message: RoutableMessage): string[] {
  const found = new Set<Binding>()
  index.match(message, (binding) => found.add(binding))
  return sortedKeys([...found])
}

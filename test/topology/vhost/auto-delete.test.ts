import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideVhost, type VhostCommand } from '../../../lib/topology/vhost/decide.ts'
import type { VhostEvent } from '../../../lib/topology/vhost/events.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { checkInvariants } from './vhost-invariants.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  deletedNames,
  deleteExchange,
  deleteQueue,
  run,
  toExchange,
  toQueue,
  unbind,
  vhostAfter,
} from './vhosts.ts'

describe('an auto-delete exchange', () => {
  const auto = (name: string) => declareExchange(name, { exchangeType: 'fanout', autoDelete: true })

  it('lives until the last binding goes of which it is the source', () => {
    const state = vhostAfter(auto('x'), declareQueue('q'), bind(toQueue('x', 'q'), 'a'), bind(toQueue('x', 'q'), 'b'))
    expect(deletedNames(run(state, unbind(toQueue('x', 'q'), 'a')))).toEqual([])
    expect(deletedNames(run(state, unbind(toQueue('x', 'q'), 'b')))).toEqual(['x'])
    expect(state.exchangeByName('x')).toBeUndefined()
  })

  it('is not deleted before it was the source of a binding', () => {
    const state = vhostAfter(auto('x'), declareExchange('up'), bind(toExchange('up', 'x')))
    expect(deletedNames(run(state, unbind(toExchange('up', 'x'))))).toEqual([])
  })

  it('takes its incoming bindings with it, which may empty exchanges upstream', () => {
    const state = vhostAfter(auto('a'), auto('b'), auto('c'), declareQueue('q'))
    run(state, bind(toExchange('a', 'b')), bind(toExchange('b', 'c')), bind(toQueue('c', 'q')))
    expect(deletedNames(run(state, unbind(toQueue('c', 'q'))))).toEqual(['c', 'b', 'a'])
    expect(state.bindingCount).toBe(0)
  })

  it('upstream stays while it has another destination', () => {
    const state = vhostAfter(auto('a'), auto('b'), declareQueue('q'))
    run(state, bind(toExchange('a', 'b')), bind(toQueue('a', 'q')), bind(toQueue('b', 'q'), 'k'))
    expect(deletedNames(run(state, unbind(toQueue('b', 'q'), 'k')))).toEqual(['b'])
    expect(state.exchangeByName('a')?.outgoing.size).toBe(1)
  })

  it('goes with the exchange that it feeds alone', () => {
    const state = vhostAfter(
      auto('a'),
      declareExchange('x'),
      bind(toExchange('a', 'x'), 'k'),
      bind(toExchange('a', 'x')),
    )
    expect(deletedNames(run(state, { type: 'delete-exchange', name: 'x', ifUnused: false }))).toEqual(['x', 'a'])
  })

  it('in a cycle goes once, and the cycle with it', () => {
    const state = vhostAfter(auto('a'), auto('b'), bind(toExchange('a', 'b')), bind(toExchange('b', 'a')))
    expect(deletedNames(run(state, unbind(toExchange('a', 'b'))))).toEqual(['a', 'b'])
    expect(state.bindingCount).toBe(0)
  })

  it('stays in a cycle of which no binding is taken away', () => {
    const state = vhostAfter(auto('a'), auto('b'), declareQueue('q'), bind(toQueue('b', 'q')))
    run(state, bind(toExchange('a', 'b')), bind(toExchange('b', 'a')))
    expect(deletedNames(run(state, unbind(toQueue('b', 'q'))))).toEqual([])
  })

  it('that is bound to itself goes when that binding goes', () => {
    const state = vhostAfter(auto('a'), bind(toExchange('a', 'a')))
    expect(deletedNames(run(state, unbind(toExchange('a', 'a'))))).toEqual(['a'])
    expect([state.bindingCount, state.exchangeByName('a')]).toEqual([0, undefined])
  })

  it('can be deleted itself, with what it empties', () => {
    const state = vhostAfter(auto('a'), auto('b'), bind(toExchange('a', 'b')), bind(toExchange('b', 'a')))
    expect(deletedNames(run(state, { type: 'delete-exchange', name: 'a', ifUnused: false }))).toEqual(['a', 'b'])
  })
})

/** A graph of exchanges, of which those with an even number are auto-delete, and one thing to take out of it. */
interface Scenario {
  /** From exchange to exchange; a destination beyond the last exchange is the queue. */
  readonly edges: readonly (readonly [number, number])[]
  readonly removal: 'binding' | 'exchange' | 'queue'
  readonly chosen: number
}

const EXCHANGE_COUNT = 8
const nodeName = (index: number): string => `x${index}`
const evenOften = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 2, 4, 6) },
  { weight: 1, arbitrary: fc.constantFrom(1, 3) },
)

const scenario: fc.Arbitrary<Scenario> = fc.record({
  edges: fc.array(fc.tuple(evenOften, fc.oneof(evenOften, fc.constant(EXCHANGE_COUNT))), {
    minLength: 1,
    maxLength: 10,
  }),
  removal: fc.constantFrom('binding', 'exchange', 'queue'),
  chosen: fc.nat(100),
})

const edgeEnds = ([from, to]: readonly [number, number]) =>
  to === EXCHANGE_COUNT ? toQueue(nodeName(from), 'q') : toExchange(nodeName(from), nodeName(to))

function vhostOf({ edges }: Scenario): VhostState {
  const indexes = Array.from({ length: EXCHANGE_COUNT }, (_, index) => index)
  const exchanges = indexes.map((index) => declareExchange(nodeName(index), { autoDelete: index % 2 === 0 }))
  return vhostAfter(...exchanges, declareQueue('q'), ...edges.map((edge) => bind(edgeEnds(edge))))
}

function removalOf({ edges, removal, chosen }: Scenario): VhostCommand {
  if (removal === 'queue') return deleteQueue('q')
  const edge = edges[chosen % edges.length] ?? [0, 0]
  return removal === 'binding' ? unbind(edgeEnds(edge)) : deleteExchange(nodeName(edge[1] % EXCHANGE_COUNT))
}

/**
 * What auto-delete must come to, found by looking at everything: after the first event, each auto-delete exchange that
 * was a source before and is none now goes, until there is none. Changes `state`.
 */
function applyWithAutoDelete(state: VhostState, first: VhostEvent): void {
  const sources = new Set(Array.from(state.bindings(), ({ sourceId }) => sourceId))
  vhostMachine.apply(state, first)
  for (;;) {
    const emptied = [...state.exchanges()].find(
      ({ exchange, outgoing }) => exchange.autoDelete && sources.has(exchange.id) && outgoing.size === 0,
    )
    if (!emptied) return
    vhostMachine.apply(state, { type: 'exchange-deleted', id: emptied.exchange.id, name: emptied.exchange.name })
  }
}

describe('the exchanges that auto-delete takes', () => {
  it('are exactly those that a look at everything finds, in any graph', () => {
    let cascades = 0
    fc.assert(
      fc.property(scenario, (given) => {
        const [state, reference] = [vhostOf(given), vhostOf(given)]
        const [first] = decideVhost(reference, removalOf(given))
        if (!first) throw new Error('a removal does something')
        applyWithAutoDelete(reference, first)
        const events = run(state, removalOf(given))
        expect(namesIn(state)).toEqual(namesIn(reference))
        expect(new Set(deletedNames(events)).size).toBe(deletedNames(events).length)
        checkInvariants(state)
        if (events.length > 2) cascades += 1
      }),
      { numRuns: 500 },
    )
    expect(cascades).toBeGreaterThan(25)
  })
})

const namesIn = (state: VhostState): string[] => [
  ...Array.from(state.exchanges(), ({ exchange }) => exchange.name),
  ...Array.from(state.queues(), ({ queue }) => queue.name),
]

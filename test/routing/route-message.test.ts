import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Binding } from '../../lib/model/binding.ts'
import { explainRoute, routableMessage, routeMessage } from '../../lib/routing/route-message.ts'
import { messageWith, TestView } from '../support/routing-view.ts'

const names = (queues: readonly { name: string }[]): string[] => queues.map(({ name }) => name).sort()

function routed(view: TestView, exchange: string, routingKey = '', headers: AmqpTable = {}): string[] {
  return names(routeMessage(view, exchange, messageWith(routingKey, headers)))
}

describe('publishing to the default exchange', () => {
  const view = new TestView().queue('q').queue('other')

  it('reaches the queue that the key names', () => {
    expect(routed(view, '', 'q')).toEqual(['q'])
    expect(routed(view, '', 'missing')).toEqual([])
    expect(routed(view, '', '')).toEqual([])
  })

  it('reaches the queues that CC and BCC name as well, each once', () => {
    expect(routed(view, '', 'q', { CC: ['other', 'q'], BCC: ['q', 'missing'] })).toEqual(['other', 'q'])
    expect(routed(view, '', 'missing', { BCC: ['q'] })).toEqual(['q'])
  })
})

describe('publishing to an exchange', () => {
  it('is refused where there is none of that name', () => {
    expect(() => routed(new TestView(), 'missing')).toThrow(
      expect.objectContaining({ kind: 'not-found', reason: "no exchange 'missing' in vhost '/'" }),
    )
  })

  it('reaches a queue once, however many bindings and keys lead there', () => {
    const view = new TestView().exchange('x', 'topic').exchange('y', 'fanout').queue('q')
    view.bindQueue('x', 'q', 'a.*').bindQueue('x', 'q', '#').bindExchange('x', 'y', '#').bindQueue('y', 'q')
    expect(routed(view, 'x', 'a.b', { CC: ['a.c', 'd'] })).toEqual(['q'])
  })

  it('carries the keys unchanged from exchange to exchange', () => {
    const view = new TestView().exchange('x', 'fanout').exchange('y', 'direct').queue('q').queue('copy')
    view.bindExchange('x', 'y', 'ignored').bindQueue('y', 'q', 'key').bindQueue('y', 'copy', 'cc')
    expect(routed(view, 'x', 'key', { CC: ['cc'] })).toEqual(['copy', 'q'])
  })

  it('ends where bindings form a cycle', () => {
    const view = new TestView().exchange('x', 'fanout').exchange('y', 'fanout').queue('q')
    view.bindExchange('x', 'y').bindExchange('y', 'x').bindExchange('x', 'x').bindQueue('y', 'q')
    expect(routed(view, 'x')).toEqual(['q'])
  })

  it('goes where chance sends it', () => {
    const view = new TestView().exchange('x', 'x-random').queue('a').queue('b')
    view.bindQueue('x', 'a').bindQueue('x', 'b')
    const at = (chance: number) =>
      names(
        routeMessage(
          view,
          'x',
          messageWith('', {}, () => chance),
        ),
      )
    expect([at(0), at(0.49), at(0.5), at(0.99)]).toEqual([['a'], ['a'], ['b'], ['b']])
  })
})

describe('an alternate exchange', () => {
  const toAlternate = { 'alternate-exchange': 'alternate' }

  it('gets what the exchange has no destination for, and nothing else', () => {
    const view = new TestView().exchange('x', 'direct', toAlternate).exchange('alternate', 'fanout')
    view.queue('q').queue('lost').bindQueue('x', 'q', 'key').bindQueue('alternate', 'lost')
    expect(routed(view, 'x', 'key')).toEqual(['q'])
    expect(routed(view, 'x', 'other')).toEqual(['lost'])
    expect(routed(view, 'x', 'other', { CC: ['key'] })).toEqual(['q'])
  })

  it('is not asked where the only destination is an exchange that leads nowhere or has been seen', () => {
    const view = new TestView().exchange('x', 'fanout', toAlternate).exchange('alternate', 'fanout')
    view.exchange('empty', 'fanout').queue('lost').bindQueue('alternate', 'lost')
    view.bindExchange('x', 'empty').bindExchange('x', 'x')
    expect(routed(view, 'x')).toEqual([])
  })

  it('is asked for each exchange on the way', () => {
    const view = new TestView().exchange('x', 'fanout').exchange('y', 'direct', toAlternate)
    view.exchange('alternate', 'fanout').queue('q').queue('lost')
    view.bindExchange('x', 'y').bindQueue('x', 'q').bindQueue('alternate', 'lost')
    expect(routed(view, 'x')).toEqual(['lost', 'q'])
  })

  it('may have an alternate itself, back to the first even', () => {
    const view = new TestView().exchange('x', 'direct', toAlternate)
    view.exchange('alternate', 'direct', { 'alternate-exchange': 'last' })
    view.exchange('last', 'direct', { 'alternate-exchange': 'x' }).queue('q').bindQueue('last', 'q', 'key')
    expect(routed(view, 'x', 'key')).toEqual(['q'])
    expect(routed(view, 'x', 'other')).toEqual([])
  })

  it('is ignored where it is missing, or is the default exchange', () => {
    const view = new TestView().exchange('x', 'direct', toAlternate).queue('q')
    view.exchange('', 'fanout').bindQueue('', 'q').exchange('y', 'direct', { 'alternate-exchange': '' })
    expect(routed(view, 'x', 'q')).toEqual([])
    expect(routed(view, 'y', 'q')).toEqual([])
  })
})

describe('a message as exchange types see it', () => {
  it('has the keys of CC and BCC after its own', () => {
    const properties = { headers: { BCC: ['c'], CC: ['b'] } }
    const message = routableMessage({ routingKey: 'a', properties, random: () => 0 })
    expect(message).toMatchObject({ routingKeys: ['a', 'b', 'c'], headers: properties.headers, properties })
  })

  it('has an empty table of headers where it came with none', () => {
    expect(routableMessage({ routingKey: 'a', properties: {}, random: () => 0 }).headers).toEqual({})
  })
})

describe('explaining a route', () => {
  it('names every step once, in the order in which they were taken', () => {
    const view = new TestView().exchange('x', 'topic').exchange('y', 'headers', { 'alternate-exchange': 'z' })
    view.exchange('z', 'fanout').queue('q').queue('r')
    view.bindQueue('x', 'q', 'a.#', { note: 1 }).bindExchange('x', 'y', '*.b')
    view.bindQueue('y', 'q', '', { never: 'met' }).bindQueue('z', 'r', 'k')
    const { queues, via } = explainRoute(view, 'x', messageWith('a.b', { CC: ['a.c'] }))
    const step = { arguments: {}, alternate: false }
    expect(names(queues)).toEqual(['q', 'r'])
    expect(via).toHaveLength(4)
    expect(via).toEqual(
      expect.arrayContaining([
        { ...step, source: 'x', destination: 'q', destinationType: 'queue', routingKey: 'a.#', arguments: { note: 1 } },
        { ...step, source: 'x', destination: 'y', destinationType: 'exchange', routingKey: '*.b' },
      ]),
    )
    expect(via.slice(2)).toEqual([
      { ...step, source: 'y', destination: 'z', destinationType: 'exchange', routingKey: '', alternate: true },
      { ...step, source: 'z', destination: 'r', destinationType: 'queue', routingKey: 'k' },
    ])
  })

  it('names the queues that the default exchange found by name', () => {
    const { via } = explainRoute(new TestView().queue('q'), '', messageWith('q', { CC: ['q', 'missing'] }))
    expect(via).toEqual([
      { source: '', destination: 'q', destinationType: 'queue', routingKey: 'q', arguments: {}, alternate: false },
    ])
  })
})

/** A vhost of a few exchanges bound to each other and to queues at random, some with alternates that may not exist. */
const EXCHANGES = ['e0', 'e1', 'e2', 'e3', 'e4']
const QUEUES = ['q0', 'q1', 'q2', 'q3']
const key = fc.constantFrom('a', 'b', 'c')
const graphs = fc.record({
  exchanges: fc.tuple(
    ...EXCHANGES.map((name) =>
      fc.record({
        name: fc.constant(name),
        type: fc.constantFrom('direct', 'fanout', 'direct'),
        alternate: fc.option(fc.constantFrom(...EXCHANGES, 'missing'), { nil: undefined }),
      }),
    ),
  ),
  bindings: fc.uniqueArray(fc.tuple(fc.constantFrom(...EXCHANGES), fc.constantFrom(...EXCHANGES, ...QUEUES), key), {
    maxLength: 12,
    selector: String,
  }),
})

type Graph = typeof graphs extends fc.Arbitrary<infer Value> ? Value : never

function viewOf({ exchanges, bindings }: Graph): TestView {
  const view = new TestView()
  for (const queue of QUEUES) view.queue(queue)
  for (const { name, type, alternate } of exchanges) {
    view.exchange(name, type, alternate === undefined ? {} : { 'alternate-exchange': alternate })
  }
  for (const [source, destination, routingKey] of bindings) {
    if (destination.startsWith('q')) view.bindQueue(source, destination, routingKey)
    else view.bindExchange(source, destination, routingKey)
  }
  return view
}

/** Contract §3.1 as the smallest set of exchanges that is closed under its rules. */
function reachedQueues({ exchanges, bindings }: Graph, start: string, keys: readonly string[]): string[] {
  const next = (source: string): string[] => {
    const exchange = exchanges.find(({ name }) => name === source)
    const matched = bindings.filter(
      ([from, , routingKey]) => from === source && (exchange?.type === 'fanout' || keys.includes(routingKey)),
    )
    if (matched.length > 0) return matched.map(([, destination]) => destination)
    return exchange?.alternate === undefined ? [] : [exchange.alternate]
  }
  let reached = new Set([start])
  for (;;) {
    const wider = reached.union(new Set([...reached].flatMap(next)))
    if (wider.size === reached.size) return QUEUES.filter((queue) => reached.has(queue))
    reached = wider
  }
}

describe('routing through any graph of exchanges', () => {
  it('reaches the queues that the rules reach', () => {
    fc.assert(
      fc.property(graphs, key, fc.array(key, { maxLength: 2 }), (graph, routingKey, CC) => {
        expect(routed(viewOf(graph), 'e0', routingKey, { CC })).toEqual(reachedQueues(graph, 'e0', [routingKey, ...CC]))
      }),
      { numRuns: 3000 },
    )
  })

  it('is explained by steps that are bindings or alternates, lead from the start and end at these queues', () => {
    fc.assert(
      fc.property(graphs, key, (graph, routingKey) => {
        const { queues, via } = explainRoute(viewOf(graph), 'e0', messageWith(routingKey))
        const reached = new Set(['e0'])
        for (const step of via) {
          expect(reached).toContain(step.source)
          expect(isInGraph(graph, step)).toBe(true)
          reached.add(step.destination)
        }
        expect(names(queues)).toEqual(QUEUES.filter((queue) => reached.has(queue)))
        expect(new Set(via.map((step) => JSON.stringify(step))).size).toBe(via.length)
      }),
      { numRuns: 1000 },
    )
  })
})

function isInGraph(
  { exchanges, bindings }: Graph,
  step: Pick<Binding, 'routingKey'> & { source: string; destination: string; alternate: boolean },
): boolean {
  if (step.alternate) {
    return exchanges.some(({ name, alternate }) => name === step.source && alternate === step.destination)
  }
  return bindings.some(
    ([source, destination, routingKey]) =>
      source === step.source && destination === step.destination && routingKey === step.routingKey,
  )
}

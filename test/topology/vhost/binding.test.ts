import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpTable, Typed } from '../../../lib/model/amqp-value.ts'
import { propertiesKey } from '../../../lib/model/binding.ts'
import { bindingsBetween, type Ends, findBinding } from '../../../lib/topology/vhost/binding.ts'
import { accessRefused, plainNotFound, refusal } from '../refusals.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  openVhost,
  run,
  toExchange,
  toQueue,
  unbind,
  vhostAfter,
} from './vhosts.ts'

const topology = () =>
  vhostAfter(
    declareExchange('xt', { exchangeType: 'topic' }),
    declareExchange('xh', { exchangeType: 'headers' }),
    declareExchange('xc', { exchangeType: 'x-consistent-hash' }),
    declareExchange('xi', { internal: true }),
    declareQueue('q'),
    declareQueue('p'),
  )

describe('binding', () => {
  it('a queue holds the ids of both ends', () => {
    const state = topology()
    expect(run(state, bind(toQueue('xt', 'q'), 'k', { a: 1 }))).toEqual([
      {
        type: 'bound',
        binding: {
          sourceId: state.exchangeByName('xt')?.exchange.id,
          destination: { type: 'queue', id: state.queueByName('q')?.id },
          routingKey: 'k',
          arguments: { a: 1 },
        },
      },
    ])
  })

  it('the same again changes nothing', () => {
    const state = topology()
    const again = bind(toQueue('xt', 'q'), 'k', { a: 1, b: { c: [1] } })
    expect(run(state, again, again, bind(toQueue('xt', 'q'), 'k', { b: { c: [1] }, a: 1 }))).toHaveLength(1)
    expect(state.bindingCount).toBe(1)
  })

  it.each<[string, Ends, string, AmqpTable]>([
    ['key', toQueue('xt', 'q'), 'other', {}],
    ['empty key', toQueue('xt', 'q'), '', {}],
    ['argument more', toQueue('xt', 'q'), 'k', { a: 1 }],
    ['value', toQueue('xt', 'q'), 'k', { a: 2 }],
    ['type of value', toQueue('xt', 'q'), 'k', { a: new Typed('double', 1) }],
    ['destination', toQueue('xt', 'p'), 'k', {}],
    ['type of destination', toExchange('xt', 'xi'), 'k', {}],
    ['source', toQueue('amq.direct', 'q'), 'k', {}],
  ])('with another %s is another binding', (_what, ends, routingKey, args) => {
    const state = topology()
    run(state, bind(toQueue('xt', 'q'), 'k'), bind(ends, routingKey, args))
    expect(state.bindingCount).toBe(2)
  })

  it('to a queue and to an exchange of one name are two bindings', () => {
    const state = vhostAfter(declareExchange('x'), declareExchange('same'), declareQueue('same'))
    run(state, bind(toQueue('x', 'same')), bind(toExchange('x', 'same')))
    expect(state.bindingCount).toBe(2)
    run(state, unbind(toQueue('x', 'same')))
    expect(bindingsBetween(state, toExchange('x', 'same'))).toHaveLength(1)
  })

  it.each<[string, Ends, string]>([
    ['a missing exchange', toQueue('zz', 'q'), "no exchange 'zz' in vhost 'dv'"],
    ['a missing queue', toQueue('xt', 'zz'), "no queue 'zz' in vhost 'dv'"],
    ['two missing ends, the source first', toQueue('zz', 'yy'), "no exchange 'zz' in vhost 'dv'"],
    ['a missing destination exchange', toExchange('xt', 'zz'), "no exchange 'zz' in vhost 'dv'"],
    ['a queue where an exchange is meant', toExchange('xt', 'q'), "no exchange 'q' in vhost 'dv'"],
    ['an exchange where a queue is meant', toQueue('xt', 'xh'), "no queue 'xh' in vhost 'dv'"],
  ])('is refused for %s', (_what, ends, reason) => {
    expect(() => run(topology(), bind(ends))).toThrow(refusal('not-found', reason))
  })

  it.each<[string, Ends]>([
    ['as source', toQueue('', 'q')],
    ['as source of what does not exist', toQueue('', 'zz')],
    ['as destination', toExchange('xt', '')],
    ['as destination of what does not exist', toExchange('zz', '')],
  ])('is refused for the default exchange %s', (_what, ends) => {
    expect(() => run(topology(), bind(ends, 'k'))).toThrow(accessRefused)
    expect(() => run(topology(), unbind(ends, 'k'))).toThrow(accessRefused)
  })

  it('takes reserved and internal exchanges for both ends', () => {
    const state = topology()
    run(state, bind(toExchange('xt', 'xi'), 'i'), bind(toExchange('xi', 'amq.topic')), bind(toQueue('amq.topic', 'q')))
    expect(state.bindingCount).toBe(3)
  })

  it.each<[string, string, AmqpTable, string]>([
    ['xh', '', { 'x-match': 1 }, 'Invalid x-match field type long (value 1); expected longstr'],
    ['xc', '0', {}, 'The binding key must be greater than 0'],
    ['xc', '-1', {}, 'The binding key must be greater than 0'],
  ])('asks the type of %s whether key %j with %j makes sense', (source, key, args, reason) => {
    expect(() => run(topology(), bind(toQueue(source, 'q'), key, args))).toThrow(refusal('precondition-failed', reason))
  })

  it.each(['k'.repeat(256), '\ud800'])('is refused for a key that is none: %.3j', (key) => {
    expect(() => run(topology(), bind(toQueue('xt', 'q'), key))).toThrow(refusal('invalid'))
  })
})

describe('unbinding', () => {
  it('takes the binding with that properties key and no other', () => {
    const state = topology()
    const ends = toQueue('xt', 'q')
    run(state, bind(ends), bind(ends, 'a~b'), bind(ends, '#', { a: 1 }), bind(ends, '#'))
    for (const key of ['a%7Eb', '~', propertiesKey('#', { a: 1 })]) run(state, unbind(ends, key))
    expect(Array.from(state.bindings(), ({ routingKey }) => routingKey)).toEqual(['#'])
  })

  it.each<[string, Ends, string]>([
    ['properties key', toQueue('xt', 'q'), 'zz'],
    ['key that is not quoted', toQueue('xt', 'q'), 'a~b'],
    ['exchange', toQueue('zz', 'q'), 'a%7Eb'],
    ['queue', toQueue('xt', 'zz'), 'a%7Eb'],
    ['queue that is not bound', toQueue('xt', 'p'), 'a%7Eb'],
    ['source that is not bound', toQueue('xh', 'q'), 'a%7Eb'],
  ])('finds nothing for another %s', (_what, ends, key) => {
    const state = topology()
    run(state, bind(toQueue('xt', 'q'), 'a~b'))
    expect(() => run(state, unbind(ends, key))).toThrow(plainNotFound)
  })

  it('undoes binding for every key and arguments', () => {
    const key = fc.string({ unit: 'grapheme', maxLength: 20 })
    const args = fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.integer(), fc.string(), fc.boolean()), {
      maxKeys: 2,
    })
    fc.assert(
      fc.property(key, args, (routingKey, table) => {
        fc.pre(Buffer.byteLength(routingKey) <= 255)
        const state = topology()
        const ends = toQueue('xt', 'q')
        fc.pre(routingKey.split('.').filter((word) => word === '#').length <= 2)
        run(state, bind(ends, routingKey, table))
        const found = propertiesKey(routingKey, table)
        expect(findBinding(state, ends, found)?.routingKey).toBe(routingKey)
        run(state, unbind(ends, found))
        expect([state.bindingCount, ...state.bindings()]).toEqual([0])
      }),
    )
  })

  it('leaves an exchange that is not auto-delete without bindings', () => {
    const state = topology()
    expect(run(state, bind(toQueue('xt', 'q')), unbind(toQueue('xt', 'q')))).toHaveLength(2)
  })
})

describe('the bindings between two ends', () => {
  it('are all of them and those of no other ends', () => {
    const state = topology()
    run(state, bind(toQueue('xt', 'q'), 'a'), bind(toQueue('xt', 'q'), 'b'), bind(toQueue('xt', 'p'), 'c'))
    run(state, bind(toQueue('xh', 'q'), 'd'), bind(toExchange('xt', 'xi'), 'e'))
    expect(bindingsBetween(state, toQueue('xt', 'q')).map(({ routingKey }) => routingKey)).toEqual(['a', 'b'])
    expect(bindingsBetween(state, toExchange('xt', 'xi')).map(({ routingKey }) => routingKey)).toEqual(['e'])
  })

  it('are none where an end is missing', () => {
    for (const ends of [toQueue('zz', 'q'), toQueue('xt', 'zz'), toExchange('xt', 'zz')]) {
      expect(bindingsBetween(topology(), ends)).toEqual([])
    }
    expect(bindingsBetween(openVhost(), toQueue('', 'q'))).toEqual([])
  })
})

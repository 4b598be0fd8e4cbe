import { describe, expect, it } from 'vitest'
import { exchangeTypes } from '../../../lib/routing/exchange-types.ts'
import type { DeclareExchange } from '../../../lib/topology/vhost/exchange.ts'
import { accessRefused, plainNotFound, refusal } from '../refusals.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  deleteExchange,
  exchangeNames,
  openVhost,
  run,
  snapshotText,
  toExchange,
  toQueue,
  vhostAfter,
} from './vhosts.ts'

const withAlternate = (alternate: DeclareExchange['arguments'][string]) => ({
  arguments: { 'alternate-exchange': alternate },
})

describe('a new vhost', () => {
  it('has the predefined exchanges, durable and lasting', () => {
    const exchanges = Array.from(openVhost().exchanges(), ({ exchange }) => exchange)
    expect(exchanges.map(({ name, type, internal }) => [name, type, internal])).toEqual([
      ['amq.direct', 'direct', false],
      ['amq.fanout', 'fanout', false],
      ['amq.headers', 'headers', false],
      ['amq.match', 'headers', false],
      ['amq.rabbitmq.trace', 'topic', true],
      ['amq.topic', 'topic', false],
    ])
    expect(exchanges.every(({ durable, autoDelete }) => durable && !autoDelete)).toBe(true)
  })
})

describe('declaring an exchange', () => {
  it.each(exchangeTypes().map(({ name }) => name))('makes one of type %s, as declared', (exchangeType) => {
    const args = { foo: 1, ...(exchangeType === 'x-delayed-message' && { 'x-delayed-type': 'direct' }) }
    const command = declareExchange('x', { exchangeType, internal: true, autoDelete: true, arguments: args })
    const [event] = run(openVhost(), command)
    expect(event).toEqual({
      type: 'exchange-declared',
      exchange: {
        id: command.id,
        name: 'x',
        type: exchangeType,
        durable: true,
        autoDelete: true,
        internal: true,
        arguments: args,
        user: 'guest',
      },
    })
  })

  it('knows the alternate exchange that an argument names, which need not exist', () => {
    const state = vhostAfter(declareExchange('x', withAlternate('nope')))
    expect(state.exchangeByName('x')?.alternate()).toBe('nope')
  })

  it('changes nothing when an equivalent one exists', () => {
    const state = vhostAfter(declareExchange('x', withAlternate('a')))
    expect(run(state, declareExchange('x', { ...withAlternate('a'), user: 'other' }))).toEqual([])
  })

  it('does not compare other arguments: the stored ones stay', () => {
    const state = vhostAfter(declareExchange('x', { arguments: { foo: 1 } }))
    expect(run(state, declareExchange('x', { arguments: { foo: 2, bar: 3 } }))).toEqual([])
    expect(state.exchangeByName('x')?.exchange.arguments).toEqual({ foo: 1 })
  })

  it.each<[string, Partial<DeclareExchange>, string]>([
    [
      'xd',
      { exchangeType: 'topic' },
      "arg 'type' for exchange 'xd' in vhost 'dv': received 'topic' but current is 'direct'",
    ],
    ['xd', { durable: false }, "arg 'durable' for exchange 'xd' in vhost 'dv': received 'false' but current is 'true'"],
    [
      'xd',
      { autoDelete: true },
      "arg 'auto_delete' for exchange 'xd' in vhost 'dv': received 'true' but current is 'false'",
    ],
    [
      'xd',
      { internal: true },
      "arg 'internal' for exchange 'xd' in vhost 'dv': received 'true' but current is 'false'",
    ],
    [
      'xd',
      withAlternate('a'),
      "arg 'alternate-exchange' for exchange 'xd' in vhost 'dv': received the value 'a' of type 'longstr' but current is none",
    ],
    [
      'xae',
      {},
      "arg 'alternate-exchange' for exchange 'xae' in vhost 'dv': received none but current is the value 'nope' of type 'longstr'",
    ],
    [
      'xae',
      withAlternate('b'),
      "arg 'alternate-exchange' for exchange 'xae' in vhost 'dv': received 'b' but current is 'nope'",
    ],
    [
      'xae',
      withAlternate(5),
      "arg 'alternate-exchange' for exchange 'xae' in vhost 'dv': received '5' but current is 'nope'",
    ],
    [
      'amq.direct',
      { exchangeType: 'fanout' },
      "arg 'type' for exchange 'amq.direct' in vhost 'dv': received 'fanout' but current is 'direct'",
    ],
  ])('is refused for %s with %j', (name, given, text) => {
    const state = vhostAfter(declareExchange('xd'), declareExchange('xae', withAlternate('nope')))
    expect(() => run(state, declareExchange(name, given))).toThrow(
      refusal('precondition-failed', `inequivalent ${text}`),
    )
  })

  it('is refused for an alternate exchange that is no text', () => {
    expect(() => run(openVhost(), declareExchange('aei', withAlternate(1)))).toThrow(
      refusal(
        'precondition-failed',
        "invalid type 'long' for arg 'alternate-exchange' in exchange 'aei' in vhost 'dv'",
      ),
    )
  })

  it('is refused for an unknown type', () => {
    expect(() => run(openVhost(), declareExchange('b14', { exchangeType: 'nope' }))).toThrow(
      refusal('precondition-failed', "unknown exchange type 'nope'"),
    )
  })

  it('is refused for arguments that the type refuses', () => {
    const args = { 'hash-header': 'a', 'hash-property': 'message_id' }
    expect(() =>
      run(openVhost(), declareExchange('xc', { exchangeType: 'x-consistent-hash', arguments: args })),
    ).toThrow(refusal('precondition-failed', 'hash-header and hash-property are mutually exclusive'))
  })

  it.each(['', 'amq.foo', 'amq.'])('is refused for the reserved name %j', (name) => {
    expect(() => run(openVhost(), declareExchange(name))).toThrow(accessRefused)
  })

  it('is fine for a predefined exchange declared as it is, and for amq without a dot', () => {
    expect(run(openVhost(), declareExchange('amq.direct'))).toEqual([])
    expect(run(openVhost(), declareExchange('amq'))).toHaveLength(1)
  })

  it.each(['x'.repeat(256), 'é'.repeat(128), 'a\0b', '\ud800'])('is refused for a name that is none: %.8j', (name) => {
    expect(() => run(openVhost(), declareExchange(name))).toThrow(refusal('invalid'))
  })

  it('takes a name of 255 bytes and names that objects have', () => {
    const names = ['é'.repeat(127), '__proto__', 'constructor']
    const state = vhostAfter(...names.map((name) => declareExchange(name)))
    expect(exchangeNames(state)).toEqual(names)
  })
})

describe('deleting an exchange', () => {
  const state = () =>
    vhostAfter(
      declareExchange('x'),
      declareExchange('y'),
      declareQueue('q'),
      bind(toQueue('x', 'q'), 'k'),
      bind(toExchange('y', 'x'), 'k'),
    )

  it('takes the bindings of which it is source or destination with it', () => {
    const vhost = state()
    expect(run(vhost, deleteExchange('x'))).toEqual([{ type: 'exchange-deleted', id: expect.any(String), name: 'x' }])
    expect([...vhost.bindings()]).toEqual([])
    expect(vhost.bindingCount).toBe(0)
  })

  it('if unused is refused while it is the source of a binding', () => {
    expect(() => run(state(), deleteExchange('x', true))).toThrow(
      refusal('precondition-failed', "exchange 'x' in vhost 'dv' in use"),
    )
  })

  it('if unused does not mind bindings to it', () => {
    const vhost = vhostAfter(declareExchange('x'), declareExchange('y'), bind(toExchange('y', 'x')))
    run(vhost, deleteExchange('x', true))
    expect(exchangeNames(vhost)).toEqual(['y'])
  })

  it('that does not exist finds nothing, reserved name or not', () => {
    for (const name of ['zz', 'amq.foo']) expect(() => run(openVhost(), deleteExchange(name))).toThrow(plainNotFound)
  })

  it.each(['', 'amq.direct', 'amq.rabbitmq.trace'])('is refused for %j', (name) => {
    expect(() => run(openVhost(), deleteExchange(name))).toThrow(accessRefused)
  })

  it('leaves nothing of it to a later exchange of the same name', () => {
    const vhost = state()
    const id = vhost.exchangeByName('x')?.exchange.id
    run(vhost, deleteExchange('x'), declareExchange('x', { exchangeType: 'fanout' }))
    const again = vhost.exchangeByName('x')
    expect(again?.exchange.id).not.toBe(id)
    expect([again?.outgoing.size, again?.incoming.size]).toEqual([0, 0])
    const events = run(vhost, deleteExchange('x'), declareExchange('x', { exchangeType: 'fanout' }))
    expect(events).toHaveLength(2)
    expect(snapshotText(vhost)).not.toContain(id)
  })
})

import { describe, expect, it } from 'vitest'
import { Typed } from '../../../lib/model/amqp-value.ts'
import type { DeclareQueue } from '../../../lib/topology/vhost/queue.ts'
import { accessRefused, plainNotFound, refusal } from '../refusals.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  deletedNames,
  deleteQueue,
  NOW_MS,
  openVhost,
  run,
  toQueue,
  vhostAfter,
} from './vhosts.ts'

const quorum = { 'x-queue-type': 'quorum' }

describe('declaring a queue', () => {
  it('makes one as declared, with its SQS queues', () => {
    const command = declareQueue('q', { autoDelete: true, arguments: { foo: 1 } })
    expect(run(openVhost(), command)).toEqual([
      {
        type: 'queue-declared',
        queue: {
          id: command.id,
          name: 'q',
          type: 'classic',
          durable: true,
          autoDelete: true,
          arguments: { foo: 1 },
          user: 'guest',
          sqsQueues: [{ name: 'sqs-q' }],
        },
      },
    ])
  })

  it.each<[string, Partial<DeclareQueue>, string]>([
    ['says nothing', {}, 'classic'],
    ['asks for a classic one', { arguments: { 'x-queue-type': 'classic' } }, 'classic'],
    ['asks for a quorum queue', { arguments: quorum }, 'quorum'],
    ['says nothing in a vhost of quorum queues', { defaultType: 'quorum' }, 'quorum'],
    [
      'asks for a classic one in a vhost of quorum queues',
      { defaultType: 'quorum', arguments: { 'x-queue-type': 'classic' } },
      'classic',
    ],
  ])('that %s has the right type', (_what, given, type) => {
    expect(vhostAfter(declareQueue('q', given)).queueByName('q')).toMatchObject({
      type,
      arguments: given.arguments ?? {},
    })
  })

  it.each<[DeclareQueue['arguments'], object | undefined]>([
    [{}, undefined],
    [{ 'x-single-active-consumer': false }, undefined],
    [{ 'x-single-active-consumer': true }, { by: 'queue' }],
    [{ 'x-fifo-group': 'queue' }, { by: 'queue' }],
    [{ 'x-fifo-group': 'routing-key' }, { by: 'routing-key' }],
    [{ 'x-fifo-group': 'routing-key', 'x-single-active-consumer': true }, { by: 'routing-key' }],
    [{ 'x-fifo-group': 'header:order id' }, { by: 'header', header: 'order id' }],
  ])('with %j groups its messages by %j', (args, fifo) => {
    expect(vhostAfter(declareQueue('q', { arguments: args })).queueByName('q')?.fifo).toEqual(fifo)
  })

  it('changes nothing when an equivalent one exists, whoever declares it and whatever SQS queues he brings', () => {
    const state = vhostAfter(declareQueue('q', { arguments: { 'x-message-ttl': 1000 } }))
    const again = declareQueue('q', { arguments: { 'x-message-ttl': 1000 }, user: 'other', sqsQueues: [{ name: 's' }] })
    expect(run(state, again)).toEqual([])
    expect(state.queueByName('q')?.sqsQueues).toEqual([{ name: 'sqs-q' }])
  })

  it.each<[string, DeclareQueue['arguments'], DeclareQueue['arguments']]>([
    ['an unknown argument is added', {}, { foo: 1 }],
    ['an unknown argument differs', { foo: 1 }, { foo: 'x' }],
    ['being classic is said', {}, { 'x-queue-type': 'classic' }],
    ['being classic is no longer said', { 'x-queue-type': 'classic' }, {}],
    ['an integer has another width', { 'x-message-ttl': 1000 }, { 'x-message-ttl': new Typed('int32', 1000) }],
  ])('is the same when %s', (_what, declared, redeclared) => {
    const state = vhostAfter(declareQueue('q', { arguments: declared }))
    expect(run(state, declareQueue('q', { arguments: redeclared }))).toEqual([])
    expect(state.queueByName('q')?.arguments).toEqual(declared)
  })

  it.each<[string, Partial<DeclareQueue>, string]>([
    ['q', { durable: false }, "'durable' for queue 'q' in vhost 'dv': received 'false' but current is 'true'"],
    ['q', { autoDelete: true }, "'auto_delete' for queue 'q' in vhost 'dv': received 'true' but current is 'false'"],
    [
      'q',
      { arguments: { 'x-message-ttl': 5 } },
      "'x-message-ttl' for queue 'q' in vhost 'dv': received the value '5' of type 'long' but current is none",
    ],
    [
      'qa',
      {},
      "'x-message-ttl' for queue 'qa' in vhost 'dv': received none but current is the value '1000' of type 'long'",
    ],
    [
      'qa',
      { arguments: { 'x-message-ttl': 2000, 'x-dead-letter-exchange': 'dlx' } },
      "'x-message-ttl' for queue 'qa' in vhost 'dv': received '2000' but current is '1000'",
    ],
    [
      'qa',
      { arguments: { 'x-message-ttl': 1000, 'x-dead-letter-exchange': 'dl2' } },
      "'x-dead-letter-exchange' for queue 'qa' in vhost 'dv': received 'dl2' but current is 'dlx'",
    ],
    [
      'qa',
      { arguments: { 'x-message-ttl': 1000, 'x-dead-letter-exchange': 1 } },
      "'x-dead-letter-exchange' for queue 'qa' in vhost 'dv': received '1' but current is 'dlx'",
    ],
    [
      'q',
      { arguments: quorum },
      "'x-queue-type' for queue 'q' in vhost 'dv': received the value 'quorum' of type 'longstr' but current is none",
    ],
    [
      'qq',
      {},
      "'x-queue-type' for queue 'qq' in vhost 'dv': received none but current is the value 'quorum' of type 'longstr'",
    ],
    [
      'qq',
      { arguments: { 'x-queue-type': 'classic' } },
      "'x-queue-type' for queue 'qq' in vhost 'dv': received 'classic' but current is 'quorum'",
    ],
    [
      'q',
      { defaultType: 'quorum' },
      "'x-queue-type' for queue 'q' in vhost 'dv': received the value 'quorum' of type 'longstr' but current is none",
    ],
  ])('again is refused for %s with %j', (name, given, text) => {
    const state = vhostAfter(
      declareQueue('q'),
      declareQueue('qa', { arguments: { 'x-message-ttl': 1000, 'x-dead-letter-exchange': 'dlx' } }),
      declareQueue('qq', { arguments: quorum }),
    )
    expect(() => run(state, declareQueue(name, given))).toThrow(
      refusal('precondition-failed', `inequivalent arg ${text}`),
    )
  })

  it('again follows the default type of the vhost as if it were an argument', () => {
    const state = vhostAfter(declareQueue('q', { defaultType: 'quorum' }))
    expect(run(state, declareQueue('q', { arguments: quorum }))).toEqual([])
    expect(run(state, declareQueue('q', { defaultType: 'quorum' }))).toEqual([])
    expect(() => run(state, declareQueue('q'))).toThrow(
      "received none but current is the value 'quorum' of type 'longstr'",
    )
  })

  it.each<[string, Partial<DeclareQueue>]>([
    ['non-durable', { durable: false, arguments: quorum }],
    ['auto-delete', { autoDelete: true, arguments: quorum }],
    ['non-durable', { durable: false, defaultType: 'quorum' }],
  ])('of type quorum is refused when %s', (property, given) => {
    expect(() => run(openVhost(), declareQueue('inv', given))).toThrow(
      refusal('precondition-failed', `invalid property '${property}' for queue 'inv' in vhost 'dv'`),
    )
  })

  it.each(['amq.foo', 'amq.'])('is refused for the reserved name %s', (name) => {
    expect(() => run(openVhost(), declareQueue(name))).toThrow(accessRefused)
  })

  it('takes amq without a dot, a name of 255 bytes and one that objects have', () => {
    const names = ['amq', 'é'.repeat(127), '__proto__']
    const state = vhostAfter(...names.map((name) => declareQueue(name)))
    expect(Array.from(state.queues(), ({ queue }) => queue.name)).toEqual(names)
  })

  it.each(['', 'q'.repeat(256), 'a\0b', '\udc00'])('is refused for a name that is none: %.8j', (name) => {
    expect(() => run(openVhost(), declareQueue(name))).toThrow(refusal(name === '' ? 'precondition-failed' : 'invalid'))
  })

  it('is refused beyond the limit of the vhost, but not for what exists', () => {
    const state = vhostAfter(declareQueue('q', { maxQueues: 1 }))
    expect(() => run(state, declareQueue('over', { maxQueues: 1 }))).toThrow(
      refusal('precondition-failed', "cannot declare queue 'over': queue limit in vhost 'dv' (1) is reached"),
    )
    expect(run(state, declareQueue('q', { maxQueues: 0 }))).toEqual([])
    expect(run(state, declareQueue('more', { maxQueues: -1 }))).toHaveLength(1)
    expect(() => run(openVhost(), declareQueue('none', { maxQueues: 0 }))).toThrow(refusal('precondition-failed'))
  })

  it('may use a name that an exchange has', () => {
    const state = vhostAfter(declareExchange('same'), declareQueue('same'))
    run(state, deleteQueue('same'))
    expect(state.exchangeByName('same')).toBeDefined()
  })
})

describe('deleting a queue', () => {
  it('is one event, however many bindings go with it', () => {
    const state = vhostAfter(declareExchange('x', { exchangeType: 'topic' }), declareQueue('q'), declareQueue('other'))
    run(state, bind(toQueue('x', 'other'), 'kept'))
    run(state, ...Array.from({ length: 10_000 }, (_, index) => bind(toQueue('x', 'q'), `key.${index}`)))
    expect(run(state, deleteQueue('q'))).toEqual([
      { type: 'queue-deleted', id: expect.any(String), name: 'q', deletedMs: NOW_MS },
    ])
    expect(Array.from(state.bindings(), ({ routingKey }) => routingKey)).toEqual(['kept'])
    expect(state.bindingCount).toBe(1)
  })

  it('takes auto-delete exchanges with it that lose their last binding', () => {
    const state = vhostAfter(
      declareExchange('x', { autoDelete: true }),
      declareQueue('q'),
      bind(toQueue('x', 'q'), 'a'),
      bind(toQueue('x', 'q'), 'b'),
    )
    expect(deletedNames(run(state, deleteQueue('q')))).toEqual(['q', 'x'])
  })

  it('that does not exist finds nothing', () => {
    expect(() => run(openVhost(), deleteQueue('zz'))).toThrow(plainNotFound)
  })

  it('by id leaves a later queue of the same name alone', () => {
    const first = declareQueue('q')
    const state = vhostAfter(first, deleteQueue('q'), declareQueue('q'))
    expect(() => run(state, { ...deleteQueue('q'), onlyId: first.id })).toThrow(plainNotFound)
    const onlyId = state.queueByName('q')?.id
    expect(deletedNames(run(state, { ...deleteQueue('q'), onlyId }))).toEqual(['q'])
  })

  it('leaves no bindings to a later queue of the same name', () => {
    const state = vhostAfter(declareExchange('x'), declareQueue('q'), bind(toQueue('x', 'q'), 'k'))
    run(state, deleteQueue('q'), declareQueue('q'))
    expect(state.queueNodeByName('q')?.incoming.size).toBe(0)
    expect(state.exchangeByName('x')?.outgoing.size).toBe(0)
  })
})

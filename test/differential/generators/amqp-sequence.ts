import fc from 'fast-check'
import type { MethodName } from '../../../lib/amqp/protocol/methods.ts'
import { Typed } from '../../../lib/model/amqp-value.ts'
import type { Properties } from '../../../lib/model/message.ts'
import { malformed } from './amqp-malformed.ts'
import { usually } from './step.ts'

/** One of the channels of one of the connections of a case. The user of the second may have limited permissions. */
export interface Seat {
  readonly connection: 0 | 1
  readonly channel: 1 | 2
}

/** A method without content, sent as it is. */
export interface Say {
  readonly kind: 'say'
  readonly at: Seat
  readonly name: MethodName
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Publish {
  readonly kind: 'publish'
  readonly at: Seat
  readonly exchange: string
  readonly routingKey: string
  readonly mandatory: boolean
  readonly immediate: boolean
  readonly properties: Properties
  readonly payload: string
}

/** Settles the `pick`th of the deliveries that are outstanding on the channel, or with `multiple` all of them. */
export interface Settle {
  readonly kind: 'settle'
  readonly at: Seat
  readonly how: 'basic.ack' | 'basic.nack' | 'basic.reject'
  readonly pick: number
  readonly multiple: boolean
  readonly requeue: boolean
}

/** Bytes that no client would send. */
export interface Malformed {
  readonly kind: 'malformed'
  readonly at: Seat
  readonly what: string
}

/** A client ends its connection, with a close or without a word. */
export interface Leave {
  readonly kind: 'leave'
  readonly at: Seat
  readonly isOrderly: boolean
}

export type AmqpStep = Say | Publish | Settle | Malformed | Leave

export interface AmqpCase {
  readonly steps: readonly AmqpStep[]
  /**
   * Whether every message is delivered as soon as it is there, so that no order of SQS's decides which one is: nothing is
   * got and nothing is limited. Then the messages are compared, otherwise their number alone.
   */
  readonly isExact: boolean
  /** Whether the second connection's user may do everything. */
  readonly isTrusted: boolean
}

const seat: fc.Arbitrary<Seat> = fc.record({
  connection: usually(fc.constant(0 as const), fc.constant(1 as const)).chain((first) =>
    fc.constantFrom(first, first, 1),
  ),
  channel: fc.constantFrom(1 as const, 1 as const, 2 as const),
}) as fc.Arbitrary<Seat>

/** Those that are there, mostly; `x0` is declared exclusive, `a0` goes with its last consumer. */
const queue = usually(
  fc.constantFrom('q0', 'q0', 'q0', 'q0', 'q1', 'q1', 'x0', 'a0'),
  fc.constantFrom('', 'q2', 'amq.q', 'missing', 'other', 'q\n0'),
)
const exchange = usually(
  fc.constantFrom('e0', 'e0', 'e1', 'e2', 'amq.topic'),
  fc.constantFrom('', 'e3', 'amq.new', 'missing', 'internal', 'other'),
)
const key = fc.constantFrom('k', 'k', 'q0', 'q1', 'a.b', '')
const rarely = usually(fc.constant(false), fc.constant(true))
const often = usually(fc.constant(true), fc.constant(false))

const queueArguments = usually(
  fc.constant({}),
  fc.constantFrom<object>(
    { 'x-message-ttl': new Typed('int32', 60_000) },
    { 'x-message-ttl': 'soon' },
    { 'x-message-ttl': new Typed('int8', -1) },
    { 'x-max-length': new Typed('int16', 1000) },
    { 'x-max-length': -1 },
    { 'x-expires': 0 },
    { 'x-dead-letter-routing-key': 'k' },
    { 'x-overflow': 'upwards' },
    { 'x-queue-mode': 'lazy' },
    { 'x-unknown': true },
  ),
)

const say = (name: MethodName, fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Say> =>
  fc.record({
    kind: fc.constant('say' as const),
    at: seat,
    name: fc.constant(name),
    fields: fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<Say['fields']>,
  })

/** Queues for one connection, or for as long as somebody consumes: named and unnamed. */
const temporary = fc.oneof(
  say('queue.declare', { queue: fc.constantFrom('x0', ''), exclusive: fc.constant(true), autoDelete: fc.boolean() }),
  say('queue.declare', { queue: fc.constant('a0'), autoDelete: fc.constant(true) }),
)

const declaring = fc.oneof(
  { weight: 3, arbitrary: temporary },
  {
    weight: 6,
    arbitrary: say('queue.declare', {
      queue,
      passive: rarely,
      durable: often,
      exclusive: rarely,
      autoDelete: rarely,
      nowait: rarely,
      arguments: queueArguments,
    }),
  },
  {
    weight: 3,
    arbitrary: say('exchange.declare', {
      exchange,
      type: fc.constantFrom('direct', 'direct', 'fanout', 'topic'),
      passive: rarely,
      durable: often,
      autoDelete: rarely,
      internal: rarely,
      nowait: rarely,
      arguments: fc.constant({}),
    }),
  },
  { weight: 4, arbitrary: say('queue.bind', { queue, exchange, routingKey: key, nowait: rarely }) },
  { weight: 2, arbitrary: say('queue.unbind', { queue, exchange, routingKey: key }) },
  {
    weight: 2,
    arbitrary: say('exchange.bind', { destination: exchange, source: exchange, routingKey: key, nowait: rarely }),
  },
  {
    weight: 1,
    arbitrary: say('exchange.unbind', { destination: exchange, source: exchange, routingKey: key, nowait: rarely }),
  },
  { weight: 2, arbitrary: say('queue.delete', { queue, ifUnused: rarely, ifEmpty: rarely, nowait: rarely }) },
  { weight: 1, arbitrary: say('exchange.delete', { exchange, ifUnused: rarely, nowait: rarely }) },
  { weight: 1, arbitrary: say('queue.purge', { queue, nowait: rarely }) },
)

const consuming = fc.oneof(
  {
    weight: 6,
    arbitrary: say('basic.consume', {
      queue,
      consumerTag: fc.constantFrom('', 'c1', 'c2', 'c3'),
      noAck: rarely,
      noLocal: rarely,
      exclusive: rarely,
      nowait: rarely,
      arguments: usually(
        fc.constant({}),
        fc.constantFrom({ 'x-priority': new Typed('int32', 3) }, { 'x-priority': 'high' }),
      ),
    }),
  },
  { weight: 2, arbitrary: say('basic.cancel', { consumerTag: fc.constantFrom('c1', 'c2', 'c3'), nowait: rarely }) },
  { weight: 1, arbitrary: say('basic.recover', { requeue: often }) },
  { weight: 1, arbitrary: say('basic.recover-async', { requeue: fc.constant(true) }) },
)

const limiting = fc.oneof(
  {
    weight: 2,
    arbitrary: say('basic.qos', {
      prefetchSize: usually(fc.constant(0), fc.constant(1)),
      prefetchCount: fc.integer({ min: 0, max: 3 }),
      global: rarely,
    }),
  },
  { weight: 2, arbitrary: say('basic.get', { queue, noAck: fc.boolean() }) },
)

const channelling = fc.oneof(
  { weight: 3, arbitrary: say('confirm.select', { nowait: rarely }) },
  { weight: 2, arbitrary: say('tx.select', {}) },
  { weight: 2, arbitrary: say('tx.commit', {}) },
  { weight: 1, arbitrary: say('tx.rollback', {}) },
  { weight: 1, arbitrary: say('channel.flow', { active: often }) },
  { weight: 2, arbitrary: say('channel.close', { replyCode: fc.constant(200) }) },
  { weight: 1, arbitrary: say('access.request', { realm: fc.constant('/data') }) },
)

const properties: fc.Arbitrary<Properties> = usually(
  fc.constant({}),
  fc.constantFrom<Properties>(
    { delivery_mode: 2, priority: 1, correlation_id: 'c', headers: { a: new Typed('int8', 1) } },
    { expiration: '60000' },
    { expiration: 'soon' },
    { user_id: 'somebody' },
    { headers: { CC: ['q0', 'q1'] } },
    { headers: { BCC: ['q1'] } },
    { headers: { CC: 'q0' } },
    { reply_to: 'amq.rabbitmq.reply-to' },
  ),
)

/** Addresses that reach a queue, mostly. */
const address: fc.Arbitrary<Pick<Publish, 'exchange' | 'routingKey'>> = usually(
  fc.constantFrom<Pick<Publish, 'exchange' | 'routingKey'>>(
    { exchange: '', routingKey: 'q0' },
    { exchange: '', routingKey: 'q1' },
    { exchange: '', routingKey: 'x0' },
    { exchange: '', routingKey: 'a0' },
    { exchange: 'e0', routingKey: 'k' },
    { exchange: 'e1', routingKey: '' },
    { exchange: 'e2', routingKey: 'a.b' },
  ),
  fc.record({ exchange, routingKey: key }),
)

const publish: fc.Arbitrary<Publish> = fc
  .record({
    kind: fc.constant('publish' as const),
    at: seat,
    address,
    mandatory: fc.boolean(),
    immediate: fc.oneof({ weight: 100, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    properties,
    payload: fc.constantFrom('m', ''),
  })
  .map(({ address, ...rest }) => ({ ...rest, ...address }))

const settle: fc.Arbitrary<Settle> = fc.record({
  kind: fc.constant('settle' as const),
  at: seat,
  how: fc.constantFrom('basic.ack' as const, 'basic.ack' as const, 'basic.nack' as const, 'basic.reject' as const),
  pick: fc.nat(5),
  multiple: rarely,
  requeue: fc.boolean(),
})

const breaking: fc.Arbitrary<AmqpStep> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('malformed' as const),
      at: seat,
      what: fc.constantFrom(...Object.keys(malformed)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), at: seat, isOrderly: fc.boolean() }) },
)

const usual: fc.WeightedArbitrary<AmqpStep>[] = [
  { weight: 10, arbitrary: declaring },
  { weight: 14, arbitrary: publish },
  { weight: 9, arbitrary: consuming },
  { weight: 9, arbitrary: settle },
  { weight: 3, arbitrary: channelling },
  { weight: 1, arbitrary: breaking },
]

/** A consumer whose tag nobody has heard of cannot be told from others. */
const withKnownTag = (step: AmqpStep): AmqpStep =>
  step.kind === 'say' && step.name === 'basic.consume' && step.fields.consumerTag === ''
    ? { ...step, fields: { ...step.fields, nowait: false } }
    : step

const steps = (step: fc.Arbitrary<AmqpStep>) =>
  fc.array(step.map(withKnownTag), { minLength: 20, maxLength: 50, size: 'max' })

/** A sequence of methods on two channels of each of two connections. */
export const amqpCase: fc.Arbitrary<AmqpCase> = fc.boolean().chain((isExact) =>
  fc.record({
    isExact: fc.constant(isExact),
    isTrusted: usually(fc.constant(true), fc.boolean()),
    steps: steps(fc.oneof(...(isExact ? usual : [...usual, { weight: 5, arbitrary: limiting }]))),
  }),
)

import type { AmqpTable } from '../../model/amqp-value.ts'

/**
 * The one table of the protocol (amqp-contract §2): class and method id, then the arguments in the order of the wire.
 * Adjacent bits share an octet. What begins with `_` is reserved: sent as zero, ignored when it comes.
 * `longstr` is text, `bytes` a longstr that need not be.
 */
const NO_FIELDS = {} as const
const CLOSE = { replyCode: 'short', replyText: 'shortstr', classId: 'short', methodId: 'short' } as const
const TUNE = { channelMax: 'short', frameMax: 'long', heartbeat: 'short' } as const
const EXCHANGE_BINDING = {
  _ticket: 'short',
  destination: 'shortstr',
  source: 'shortstr',
  routingKey: 'shortstr',
  nowait: 'bit',
  arguments: 'table',
} as const
const ADDRESS = { exchange: 'shortstr', routingKey: 'shortstr' } as const
const DELIVERY = { deliveryTag: 'longlong', redelivered: 'bit', ...ADDRESS } as const

export const METHODS = {
  'connection.start': [
    10,
    10,
    {
      versionMajor: 'octet',
      versionMinor: 'octet',
      serverProperties: 'table',
      mechanisms: 'longstr',
      locales: 'longstr',
    },
  ],
  'connection.start-ok': [
    10,
    11,
    { clientProperties: 'table', mechanism: 'shortstr', response: 'bytes', locale: 'shortstr' },
  ],
  'connection.secure': [10, 20, { challenge: 'bytes' }],
  'connection.secure-ok': [10, 21, { response: 'bytes' }],
  'connection.tune': [10, 30, TUNE],
  'connection.tune-ok': [10, 31, TUNE],
  'connection.open': [10, 40, { vhost: 'shortstr', _capabilities: 'shortstr', _insist: 'bit' }],
  'connection.open-ok': [10, 41, { _knownHosts: 'shortstr' }],
  'connection.close': [10, 50, CLOSE],
  'connection.close-ok': [10, 51, NO_FIELDS],
  'connection.blocked': [10, 60, { reason: 'shortstr' }],
  'connection.unblocked': [10, 61, NO_FIELDS],
  'connection.update-secret': [10, 70, { newSecret: 'bytes', reason: 'shortstr' }],
  'connection.update-secret-ok': [10, 71, NO_FIELDS],
  'channel.open': [20, 10, { _outOfBand: 'shortstr' }],
  'channel.open-ok': [20, 11, { _channelId: 'bytes' }],
  'channel.flow': [20, 20, { active: 'bit' }],
  'channel.flow-ok': [20, 21, { active: 'bit' }],
  'channel.close': [20, 40, CLOSE],
  'channel.close-ok': [20, 41, NO_FIELDS],
  'access.request': [
    30,
    10,
    { realm: 'shortstr', exclusive: 'bit', passive: 'bit', active: 'bit', write: 'bit', read: 'bit' },
  ],
  'access.request-ok': [30, 11, { ticket: 'short' }],
  'exchange.declare': [
    40,
    10,
    {
      _ticket: 'short',
      exchange: 'shortstr',
      type: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      autoDelete: 'bit',
      internal: 'bit',
      nowait: 'bit',
      arguments: 'table',
    },
  ],
  'exchange.declare-ok': [40, 11, NO_FIELDS],
  'exchange.delete': [40, 20, { _ticket: 'short', exchange: 'shortstr', ifUnused: 'bit', nowait: 'bit' }],
  'exchange.delete-ok': [40, 21, NO_FIELDS],
  'exchange.bind': [40, 30, EXCHANGE_BINDING],
  'exchange.bind-ok': [40, 31, NO_FIELDS],
  'exchange.unbind': [40, 40, EXCHANGE_BINDING],
  'exchange.unbind-ok': [40, 51, NO_FIELDS],
  'queue.declare': [
    50,
    10,
    {
      _ticket: 'short',
      queue: 'shortstr',
      passive: 'bit',
      durable: 'bit',
      exclusive: 'bit',
      autoDelete: 'bit',
      nowait: 'bit',
      arguments: 'table',
    },
  ],
  'queue.declare-ok': [50, 11, { queue: 'shortstr', messageCount: 'long', consumerCount: 'long' }],
  'queue.bind': [50, 20, { _ticket: 'short', queue: 'shortstr', ...ADDRESS, nowait: 'bit', arguments: 'table' }],
  'queue.bind-ok': [50, 21, NO_FIELDS],
  'queue.purge': [50, 30, { _ticket: 'short', queue: 'shortstr', nowait: 'bit' }],
  'queue.purge-ok': [50, 31, { messageCount: 'long' }],
  'queue.delete': [50, 40, { _ticket: 'short', queue: 'shortstr', ifUnused: 'bit', ifEmpty: 'bit', nowait: 'bit' }],
  'queue.delete-ok': [50, 41, { messageCount: 'long' }],
  'queue.unbind': [50, 50, { _ticket: 'short', queue: 'shortstr', ...ADDRESS, arguments: 'table' }],
  'queue.unbind-ok': [50, 51, NO_FIELDS],
  'basic.qos': [60, 10, { prefetchSize: 'long', prefetchCount: 'short', global: 'bit' }],
  'basic.qos-ok': [60, 11, NO_FIELDS],
  'basic.consume': [
    60,
    20,
    {
      _ticket: 'short',
      queue: 'shortstr',
      consumerTag: 'shortstr',
      noLocal: 'bit',
      noAck: 'bit',
      exclusive: 'bit',
      nowait: 'bit',
      arguments: 'table',
    },
  ],
  'basic.consume-ok': [60, 21, { consumerTag: 'shortstr' }],
  'basic.cancel': [60, 30, { consumerTag: 'shortstr', nowait: 'bit' }],
  'basic.cancel-ok': [60, 31, { consumerTag: 'shortstr' }],
  'basic.publish': [60, 40, { _ticket: 'short', ...ADDRESS, mandatory: 'bit', immediate: 'bit' }],
  'basic.return': [60, 50, { replyCode: 'short', replyText: 'shortstr', ...ADDRESS }],
  'basic.deliver': [60, 60, { consumerTag: 'shortstr', ...DELIVERY }],
  'basic.get': [60, 70, { _ticket: 'short', queue: 'shortstr', noAck: 'bit' }],
  'basic.get-ok': [60, 71, { ...DELIVERY, messageCount: 'long' }],
  'basic.get-empty': [60, 72, { _clusterId: 'shortstr' }],
  'basic.ack': [60, 80, { deliveryTag: 'longlong', multiple: 'bit' }],
  'basic.reject': [60, 90, { deliveryTag: 'longlong', requeue: 'bit' }],
  'basic.recover-async': [60, 100, { requeue: 'bit' }],
  'basic.recover': [60, 110, { requeue: 'bit' }],
  'basic.recover-ok': [60, 111, NO_FIELDS],
  'basic.nack': [60, 120, { deliveryTag: 'longlong', multiple: 'bit', requeue: 'bit' }],
  'confirm.select': [85, 10, { nowait: 'bit' }],
  'confirm.select-ok': [85, 11, NO_FIELDS],
  'tx.select': [90, 10, NO_FIELDS],
  'tx.select-ok': [90, 11, NO_FIELDS],
  'tx.commit': [90, 20, NO_FIELDS],
  'tx.commit-ok': [90, 21, NO_FIELDS],
  'tx.rollback': [90, 30, NO_FIELDS],
  'tx.rollback-ok': [90, 31, NO_FIELDS],
} as const satisfies Record<string, readonly [classId: number, methodId: number, fields: Record<string, FieldType>]>

/** Values of the fields: `longlong` as far as a number is exact, which is farther than any broker counts. */
export interface FieldValues {
  readonly bit: boolean
  readonly octet: number
  readonly short: number
  readonly long: number
  readonly longlong: number
  readonly shortstr: string
  readonly longstr: string
  readonly bytes: Uint8Array
  readonly table: AmqpTable
}
export type FieldType = keyof FieldValues

export type MethodName = keyof typeof METHODS
type FieldsOf<Name extends MethodName> = (typeof METHODS)[Name][2]
type Shown<Field> = Field extends `_${string}` ? never : Field

/** The method of one name: `MethodNamed<'basic.ack'>` is `{ name: 'basic.ack', deliveryTag, multiple }`. */
export type MethodNamed<Name extends MethodName> = { readonly name: Name } & {
  readonly [Field in keyof FieldsOf<Name> as Shown<Field>]: FieldsOf<Name>[Field] extends FieldType
    ? FieldValues[FieldsOf<Name>[Field]]
    : never
}

/** Any method, told apart by its name; its fields are those of {@link METHODS} without the reserved ones. */
export type Method = { [Name in MethodName]: MethodNamed<Name> }[MethodName]

/** The methods that a content header and body follow. */
export type ContentMethodName = 'basic.publish' | 'basic.return' | 'basic.deliver' | 'basic.get-ok'
export type ContentMethod = Extract<Method, { readonly name: ContentMethodName }>

const CONTENT_METHODS: ReadonlySet<MethodName> = new Set<ContentMethodName>([
  'basic.publish',
  'basic.return',
  'basic.deliver',
  'basic.get-ok',
])

export const hasContent = (method: Method): method is ContentMethod => CONTENT_METHODS.has(method.name)

/** What a close that complains about a method names it with. */
export function idsOf(name: MethodName): { readonly classId: number; readonly methodId: number } {
  const [classId, methodId] = METHODS[name]
  return { classId, methodId }
}

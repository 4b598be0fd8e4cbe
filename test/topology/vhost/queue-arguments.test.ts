import { describe, expect, it } from 'vitest'
import { type AmqpTable, type AmqpValue, Typed } from '../../../lib/model/amqp-value.ts'
import { refusal } from '../refusals.ts'
import { declareQueue, openVhost, run } from './vhosts.ts'

const declare = (args: AmqpTable) => run(openVhost(), declareQueue('inv', { arguments: args }))
const asQuorum = (args: AmqpTable): AmqpTable => ({ 'x-queue-type': 'quorum', ...args })

const TEN_YEARS_MS = 315_360_000_000

describe('a queue argument', () => {
  it.each<[string, string, AmqpValue]>([
    ['x-message-ttl', '{value_negative,-1}', -1],
    ['x-message-ttl', '"expected integer, got longstr"', '60000'],
    ['x-message-ttl', '"expected integer, got double"', 1.5],
    ['x-message-ttl', '{value_too_large,315360000001}', TEN_YEARS_MS + 1],
    ['x-message-ttl', '"expected integer, got bool"', true],
    ['x-message-ttl', '{value_too_large,1099511627776}', 2 ** 40],
    ['x-message-ttl', '{value_too_large,4611686018427387904}', new Typed('int64', 2n ** 62n)],
    ['x-expires', '{value_zero,0}', 0],
    ['x-expires', '{value_negative,-1}', -1],
    ['x-expires', '"expected integer, got longstr"', '1'],
    ['x-max-length', '{value_negative,-1}', -1],
    ['x-max-length', '"expected integer, got longstr"', '1'],
    ['x-max-length-bytes', '{value_negative,-1}', -1],
    ['x-max-length-bytes', '"expected integer, got double"', new Typed('double', 1)],
    ['x-overflow', 'invalid_overflow', 'nope'],
    ['x-overflow', '{unacceptable_type,long}', 1],
    ['x-dead-letter-routing-key', 'routing_key_but_no_dlx_defined', 'k'],
    ['x-max-priority', '{max_value_exceeded,256}', 256],
    ['x-max-priority', '{value_negative,-1}', -1],
    ['x-max-priority', '"expected integer, got longstr"', '1'],
    ['x-queue-type', `"unsupported queue type 'nope'"`, 'nope'],
    ['x-queue-type', `"unsupported queue type ''"`, ''],
    ['x-queue-type', '{unacceptable_type,long}', 1],
    ['x-single-active-consumer', '{unacceptable_type,longstr}', 'true'],
    ['x-single-active-consumer', '{unacceptable_type,long}', 1],
    ['x-queue-version', `"unsupported queue version '3'"`, 3],
    ['x-queue-version', '"expected integer, got longstr"', '1'],
    ['x-queue-mode', `"unsupported queue mode 'nope'"`, 'nope'],
    ['x-queue-mode', '{unacceptable_type,long}', 1],
    ['x-retry-backoff', '"expected table, got long"', 1000],
    ['x-retry-backoff', '"base-ms is missing"', {}],
    ['x-retry-backoff', '"expected base-ms from 1 to 43200000, got 0"', { 'base-ms': 0 }],
    ['x-retry-backoff', '"expected base-ms from 1 to 43200000, got longstr"', { 'base-ms': '1000' }],
    ['x-retry-backoff', '"expected factor from 1 to 100, got 0.5"', { 'base-ms': 1, factor: 0.5 }],
    ['x-retry-backoff', '"expected max-ms from 1 to 43200000, got 43200001"', { 'base-ms': 1, 'max-ms': 43_200_001 }],
    ['x-retry-backoff', '"base-ms is more than max-ms"', { 'base-ms': 1001, 'max-ms': 1000 }],
    ['x-retry-backoff', '"expected jitter from 0 to 1, got 1.5"', { 'base-ms': 1, jitter: 1.5 }],
    [
      'x-retry-backoff',
      `"unknown field 'base': expected base-ms, factor, max-ms, jitter"`,
      { 'base-ms': 1000, base: 1 },
    ],
  ])('%s of a classic queue is refused: %s', (name, complaint, value) => {
    expect(() => declare({ [name]: value })).toThrow(
      refusal('precondition-failed', `invalid arg '${name}' for queue 'inv' in vhost 'dv': ${complaint}`),
    )
  })

  it('x-dead-letter-exchange is refused as a number', () => {
    expect(() => declare({ 'x-dead-letter-exchange': 1 })).toThrow(
      refusal(
        'precondition-failed',
        "invalid type 'long' for arg 'x-dead-letter-exchange' in queue 'inv' in vhost 'dv'",
      ),
    )
  })

  it('x-dead-letter-routing-key is refused as a number', () => {
    expect(() => declare({ 'x-dead-letter-routing-key': 1, 'x-dead-letter-exchange': '' })).toThrow(
      refusal(
        'precondition-failed',
        "invalid arg 'x-dead-letter-routing-key' for queue 'inv' in vhost 'dv': {unacceptable_type,long}",
      ),
    )
  })

  it('x-dead-letter-strategy of a quorum queue is refused as a word it does not know', () => {
    expect(() => declare(asQuorum({ 'x-dead-letter-strategy': 'nope' }))).toThrow(
      refusal(
        'precondition-failed',
        "invalid arg 'x-dead-letter-strategy' for queue 'inv' in vhost 'dv': invalid_dlx_strategy",
      ),
    )
  })

  it.each<[string, AmqpValue]>([
    ['x-dead-letter-strategy', 'at-most-once'],
    ['x-delivery-limit', 5],
    ['x-max-age', '1D'],
    ['x-max-in-memory-length', 5],
  ])('%s is refused for a classic queue', (name, value) => {
    expect(() => declare({ [name]: value })).toThrow(
      refusal(
        'precondition-failed',
        `invalid arg '${name}' for queue 'inv' in vhost 'dv' of queue type rabbit_classic_queue`,
      ),
    )
  })

  it.each<[string, AmqpValue]>([
    ['x-max-priority', 1],
    ['x-max-age', '1D'],
    ['x-queue-version', 1],
    ['x-queue-mode', 'lazy'],
  ])('%s is refused for a quorum queue', (name, value) => {
    expect(() => declare(asQuorum({ [name]: value }))).toThrow(
      refusal(
        'precondition-failed',
        `invalid arg '${name}' for queue 'inv' in vhost 'dv' of queue type rabbit_quorum_queue`,
      ),
    )
  })

  it.each<AmqpTable>([
    { 'x-message-ttl': 0 },
    { 'x-message-ttl': TEN_YEARS_MS },
    { 'x-message-ttl': new Typed('uint8', 200) },
    { 'x-expires': 1 },
    { 'x-expires': TEN_YEARS_MS },
    { 'x-max-length': 0, 'x-max-length-bytes': 0 },
    { 'x-overflow': 'drop-head' },
    { 'x-overflow': 'reject-publish' },
    { 'x-overflow': 'reject-publish-dlx' },
    { 'x-dead-letter-exchange': '' },
    { 'x-dead-letter-exchange': 'nope', 'x-dead-letter-routing-key': 'k' },
    { 'x-max-priority': 0 },
    { 'x-max-priority': 255 },
    { 'x-consumer-timeout': 1 },
    { 'x-queue-version': 1, 'x-queue-mode': 'lazy' },
    { 'x-single-active-consumer': true },
    { 'x-fifo-group': 'header:h' },
    { 'x-retry-backoff': { 'base-ms': 1000 } },
    { 'x-retry-backoff': { 'base-ms': 1, factor: new Typed('double', 2), 'max-ms': 43_200_000, jitter: 0.25 } },
    { 'wholly-unknown': null, constructor: 1 },
    asQuorum({ 'x-delivery-limit': -1 }),
    asQuorum({ 'x-delivery-limit': 0 }),
    asQuorum({ 'x-overflow': 'reject-publish-dlx' }),
    asQuorum({ 'x-dead-letter-strategy': 'at-least-once' }),
    asQuorum({ 'x-single-active-consumer': true }),
    asQuorum({ 'x-expires': 1000, 'x-message-ttl': 1 }),
  ])('is taken and kept as it came (case %#)', (args) => {
    expect(declare(args)).toEqual([{ type: 'queue-declared', queue: expect.objectContaining({ arguments: args }) }])
  })

  it('for a stream is refused with what to do instead', () => {
    expect(() => declare({ 'x-queue-type': 'stream' })).toThrow(
      refusal(
        'precondition-failed',
        `invalid arg 'x-queue-type' for queue 'inv' in vhost 'dv': "queue type 'stream' is not supported: declare a quorum or classic queue"`,
      ),
    )
  })

  it.each<AmqpValue>(['header:', 'Header:x', 'message', 1, true])('x-fifo-group is refused as %j', (value) => {
    expect(() => declare({ 'x-fifo-group': value })).toThrow(refusal('precondition-failed'))
  })

  it.each<AmqpTable>([{ 'x-fifo-group': 'queue' }, { 'x-single-active-consumer': true }])(
    'that makes a queue FIFO is refused together with priorities: %j',
    (args) => {
      expect(() => declare({ ...args, 'x-max-priority': 5 })).toThrow(
        refusal('precondition-failed', expect.stringContaining('a FIFO queue has no priorities')),
      )
    },
  )
})

import { describe, expect, it } from 'vitest'
import { type AmqpTable, type AmqpValue, Typed } from '../../../lib/model/amqp-value.ts'
import { refusal } from '../refusals.ts'
import { declareQueue, openVhost, run } from './vhosts.ts'

const declare = (args: AmqpTable) => run(openVhost(), declareQueue('inv', { arguments: args }))
const asQuorum = (args: AmqpTable): AmqpTable => ({ 'x-queue-type': 'quorum', ...args })

const TEN_YEARS_MS = 315_360_000_000

describe('a queue argument', () => {
  it.each<[string, AmqpValue, string]>([
    ['x-message-ttl', -1, '{value_negative,-1}'],
    ['x-message-ttl', '60000', '"expected integer, got longstr"'],
    ['x-message-ttl', 1.5, '"expected integer, got double"'],
    ['x-message-ttl', TEN_YEARS_MS + 1, '{value_too_large,315360000001}'],
    ['x-message-ttl', true, '"expected integer, got bool"'],
    ['x-message-ttl', 2 ** 40, '{value_too_large,1099511627776}'],
    ['x-message-ttl', new Typed('int64', 2n ** 62n), '{value_too_large,4611686018427387904}'],
    ['x-expires', 0, '{value_zero,0}'],
    ['x-expires', -1, '{value_negative,-1}'],
    ['x-expires', '1', '"expected integer, got longstr"'],
    ['x-max-length', -1, '{value_negative,-1}'],
    ['x-max-length', '1', '"expected integer, got longstr"'],
    ['x-max-length-bytes', -1, '{value_negative,-1}'],
    ['x-max-length-bytes', new Typed('double', 1), '"expected integer, got double"'],
    ['x-overflow', 'nope', 'invalid_overflow'],
    ['x-overflow', 1, '{unacceptable_type,long}'],
    ['x-dead-letter-routing-key', 'k', 'routing_key_but_no_dlx_defined'],
    ['x-max-priority', 256, '{max_value_exceeded,256}'],
    ['x-max-priority', -1, '{value_negative,-1}'],
    ['x-max-priority', '1', '"expected integer, got longstr"'],
    ['x-queue-type', 'nope', `"unsupported queue type 'nope'"`],
    ['x-queue-type', '', `"unsupported queue type ''"`],
    ['x-queue-type', 1, '{unacceptable_type,long}'],
    ['x-single-active-consumer', 'true', '{unacceptable_type,longstr}'],
    ['x-single-active-consumer', 1, '{unacceptable_type,long}'],
    ['x-queue-version', 3, `"unsupported queue version '3'"`],
    ['x-queue-version', '1', '"expected integer, got longstr"'],
    ['x-queue-mode', 'nope', `"unsupported queue mode 'nope'"`],
    ['x-queue-mode', 1, '{unacceptable_type,long}'],
  ])('%s of a classic queue is refused as %j', (name, value, complaint) => {
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
    { 'wholly-unknown': null, constructor: 1 },
    asQuorum({ 'x-delivery-limit': -1 }),
    asQuorum({ 'x-delivery-limit': 0 }),
    asQuorum({ 'x-overflow': 'reject-publish-dlx' }),
    asQuorum({ 'x-dead-letter-strategy': 'at-least-once' }),
    asQuorum({ 'x-single-active-consumer': true }),
    asQuorum({ 'x-expires': 1000, 'x-message-ttl': 1 }),
  ])('is taken and kept as it came: %j', (args) => {
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

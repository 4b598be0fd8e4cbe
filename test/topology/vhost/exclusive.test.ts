import { describe, expect, it } from 'vitest'
import type { DeclareQueue } from '../../../lib/topology/vhost/queue.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  deletedNames,
  exchangeNames,
  run,
  toExchange,
  toQueue,
  vhostAfter,
} from './vhosts.ts'

const OWNER = { gateway: 'g1', id: 'c1' }
const inbox = [{ name: 'inbox-g1', inbox: true as const }]

const exclusiveQueue = (name: string, given: Partial<DeclareQueue> = {}): DeclareQueue =>
  declareQueue(name, { durable: false, exclusive: OWNER, sqsQueues: inbox, ...given })

const ofAll = (gateway: string, connection?: string) =>
  ({ type: 'delete-exclusive', gateway, connection, limit: 100 }) as const

const LOCKED = {
  kind: 'locked',
  message:
    "cannot obtain exclusive access to locked queue 'q' in vhost 'dv'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.",
}

describe('a queue that a connection has for itself', () => {
  it('has an owner, is not durable, and is in no group', () => {
    const args = { 'x-single-active-consumer': true }
    const state = vhostAfter(exclusiveQueue('q', { durable: true, arguments: args }))
    const queue = state.queueByName('q')
    expect(queue).toMatchObject({ exclusive: OWNER, durable: false, sqsQueues: inbox, arguments: args })
    expect(queue).not.toHaveProperty('fifo')
    expect(state.queueBySqsName('inbox-g1')).toBeUndefined()
  })

  it('is found by its owner, who says again that it is for itself, durable or not', () => {
    const state = vhostAfter(exclusiveQueue('q'))
    for (const durable of [true, false]) expect(run(state, exclusiveQueue('q', { durable }))).toEqual([])
  })

  it.each<[string, Partial<DeclareQueue>]>([
    ['another connection', { exclusive: { gateway: 'g1', id: 'c2' } }],
    ['a connection of that id at another gateway', { exclusive: { gateway: 'g2', id: 'c1' } }],
    ['anybody who does not want it for itself', { exclusive: undefined }],
    ['somebody who asks for other arguments as well', { exclusive: undefined, arguments: { 'x-max-length': 5 } }],
  ])('is locked to %s', (_who, given) => {
    const state = vhostAfter(exclusiveQueue('q'))
    expect(() => run(state, exclusiveQueue('q', given))).toThrow(expect.objectContaining(LOCKED))
  })

  it('is not made of one that all may use', () => {
    const state = vhostAfter(declareQueue('q', { durable: false }))
    expect(() => run(state, exclusiveQueue('q'))).toThrow(expect.objectContaining(LOCKED))
  })

  it('is no quorum queue', () => {
    const quorum = { arguments: { 'x-queue-type': 'quorum' } }
    expect(() => vhostAfter(exclusiveQueue('q', quorum))).toThrow(
      "invalid property 'exclusive-owner' for queue 'q' in vhost 'dv'",
    )
  })
})

describe('deleting what connections had for themselves', () => {
  const state = () =>
    vhostAfter(
      exclusiveQueue('a'),
      exclusiveQueue('b', { exclusive: { gateway: 'g1', id: 'c2' } }),
      exclusiveQueue('c', { exclusive: { gateway: 'g2', id: 'c1' } }),
      declareQueue('d'),
    )

  it('takes those of a connection, or of a gateway', () => {
    expect(deletedNames(run(state(), ofAll('g1', 'c1')))).toEqual(['a'])
    expect(deletedNames(run(state(), ofAll('g1')))).toEqual(['a', 'b'])
    expect(run(state(), ofAll('g3'))).toEqual([])
    expect(run(state(), ofAll('g1', 'c3'))).toEqual([])
  })

  it('takes no more than it may at a time', () => {
    const left = state()
    expect(deletedNames(run(left, { ...ofAll('g1'), limit: 1 }))).toEqual(['a'])
    expect(deletedNames(run(left, { ...ofAll('g1'), limit: 1 }))).toEqual(['b'])
    expect(run(left, { ...ofAll('g1'), limit: 1 })).toEqual([])
  })

  it('takes auto-delete exchanges along that only they were bound to', () => {
    const before = vhostAfter(
      declareExchange('upstream', { autoDelete: true }),
      declareExchange('both', { autoDelete: true }),
      declareExchange('shared', { autoDelete: true }),
      exclusiveQueue('a'),
      exclusiveQueue('b', { exclusive: { gateway: 'g1', id: 'c2' } }),
      declareQueue('d'),
      bind(toExchange('upstream', 'both')),
      bind(toQueue('both', 'a')),
      bind(toQueue('both', 'b')),
      bind(toQueue('shared', 'a')),
      bind(toQueue('shared', 'd')),
    )
    run(before, ofAll('g1'))
    expect(exchangeNames(before)).toEqual(['shared'])
    expect(before.bindingCount).toBe(1)
  })
})

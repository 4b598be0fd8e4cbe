import { describe, expect, it } from 'vitest'
import type { VhostEvent } from '../../../lib/topology/vhost/events.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { declareQueue, deleteQueue, NOW_MS, openVhost, run } from './vhosts.ts'

const DAY_MS = 86_400_000

const names = (state: VhostState): string[] => state.deletedQueues().map(({ queue }) => queue.name)

const deleteAt = (state: VhostState, name: string, nowMs: number): VhostEvent[] =>
  run(state, { ...deleteQueue(name), nowMs })

const dlx = { arguments: { 'x-dead-letter-exchange': 'dlx', 'x-queue-type': 'quorum', 'x-delivery-limit': 3 } }

describe('a deleted queue', () => {
  it('is remembered with what its dead letters need, and found by its id and its SQS queue', () => {
    const state = openVhost()
    run(state, declareQueue('q', dlx))
    const queue = state.queueByName('q')
    run(state, deleteQueue('q'))
    if (!queue) throw new Error('the queue was declared')
    expect(state.deletedQueueById(queue.id)).toEqual(queue)
    expect(state.deletedQueueBySqsName('sqs-q')).toEqual(queue)
    expect(state.settingsOf(queue)).toEqual({ deduplicates: false, deadLetterExchange: 'dlx', deliveryLimit: 3 })
  })

  it('has what policies made of it in the end, whatever they say later', () => {
    const state = openVhost()
    const policy = (exchange: string) => ({
      type: 'set-policy' as const,
      policy: {
        name: 'p',
        pattern: '',
        applyTo: 'queues',
        definition: { 'dead-letter-exchange': exchange },
        priority: 0,
      },
    })
    run(state, declareQueue('q'))
    run(state, policy('before'))
    const queue = state.queueByName('q')
    run(state, deleteQueue('q'))
    run(state, policy('after'))
    expect(queue && state.settingsOf(queue).deadLetterExchange).toBe('before')
  })

  it('leaves nothing to one that takes its name', () => {
    const state = openVhost()
    run(state, declareQueue('q', dlx))
    run(state, deleteQueue('q'))
    run(state, declareQueue('q'))
    const queue = state.queueByName('q')
    expect(queue && state.settingsOf(queue).deadLetterExchange).toBeUndefined()
    expect(queue && state.deletedQueueById(queue.id)).toBeUndefined()
  })

  it('is forgotten by the first deletion after fifteen days', () => {
    const state = openVhost()
    for (const name of ['a', 'b', 'c']) run(state, declareQueue(name))
    deleteAt(state, 'a', NOW_MS)
    deleteAt(state, 'b', NOW_MS + 15 * DAY_MS)
    expect(names(state)).toEqual(['a', 'b'])
    deleteAt(state, 'c', NOW_MS + 15 * DAY_MS + 1)
    expect(names(state)).toEqual(['b', 'c'])
  })

  it('is one of the last thousand', () => {
    const state = openVhost()
    for (let index = 0; index <= 1000; index += 1) {
      run(state, declareQueue(`q${index}`))
      run(state, deleteQueue(`q${index}`))
    }
    expect(names(state)).toHaveLength(1000)
    expect(names(state)[0]).toBe('q1')
  })

  it('is not remembered by an entry of a release that did not say when, nor by a base of one', () => {
    const state = openVhost()
    run(state, declareQueue('q'))
    const id = state.queueByName('q')?.id ?? ''
    const { deletedQueues: _, ...former } = vhostMachine.snapshot(state) as { readonly [key: string]: string }
    vhostMachine.apply(state, { type: 'queue-deleted', id, name: 'q' })
    expect(names(state)).toEqual([])
    expect(names(vhostMachine.restore(former))).toEqual([])
  })
})

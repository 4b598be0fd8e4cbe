import { describe, expect, it } from 'vitest'
import { BrokerError } from '../../../lib/model/errors.ts'
import { decideVhost } from '../../../lib/topology/vhost/decide.ts'
import type { Policy } from '../../../lib/topology/vhost/events.ts'
import type { ImportIntoVhost, ImportItem } from '../../../lib/topology/vhost/import.ts'
import { refusal } from '../refusals.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  exchangeNames,
  openVhost,
  run,
  snapshotText,
  toExchange,
  toQueue,
  vhostAfter,
} from './vhosts.ts'

const importing = (...items: readonly ImportItem[]): ImportIntoVhost => ({ type: 'import', items })

const policy = (name: string, priority: number): Policy => ({
  name,
  pattern: '^a',
  applyTo: 'all',
  definition: { 'max-length': 5 },
  priority,
})

describe('importing into a vhost', () => {
  it('makes what is not there', () => {
    const state = openVhost()
    run(state, importing(declareExchange('x'), declareExchange('y')), importing(declareQueue('q')))
    run(state, importing(bind(toQueue('x', 'q'), 'k'), bind(toExchange('x', 'y'))))
    expect(exchangeNames(state)).toEqual(['x', 'y'])
    expect(state.bindingCount).toBe(2)
  })

  it('leaves exchanges and queues that exist as they are, whatever the file says of them', () => {
    const state = vhostAfter(declareExchange('x'), declareQueue('q'))
    const before = snapshotText(state)
    const invalidQueue = declareQueue('q', { durable: false, arguments: { 'x-message-ttl': -1 } })
    expect(run(state, importing(declareExchange('x', { exchangeType: 'nope' }), invalidQueue))).toEqual([])
    expect(snapshotText(state)).toBe(before)
  })

  it('passes over reserved names, the default exchange and its bindings', () => {
    const state = vhostAfter(declareQueue('q'))
    const items = [declareExchange(''), declareExchange('amq.topic'), declareExchange('amq.foo'), declareQueue('amq.q')]
    expect(run(state, importing(...items), importing(bind(toQueue('', 'q'), 'k')))).toEqual([])
  })

  it('binds to reserved exchanges', () => {
    const state = vhostAfter(declareQueue('q'))
    expect(run(state, importing(bind(toQueue('amq.topic', 'q'), 'k')))).toHaveLength(1)
  })

  it('replaces policies and parameters', () => {
    const state = openVhost()
    run(state, importing({ type: 'set-policy', policy: policy('p', 1) }))
    run(state, importing({ type: 'set-policy', policy: policy('p', 2) }))
    expect(state.policies.get('p')?.priority).toBe(2)
    const parameter = { component: 'shovel', name: 's', value: { a: 1 } }
    expect(run(state, importing({ type: 'set-parameter', parameter }))).toEqual([{ type: 'parameter-set', parameter }])
  })

  it('again changes nothing', () => {
    const state = openVhost()
    const parts = [
      importing(declareExchange('x'), declareExchange('x', { exchangeType: 'fanout' })),
      importing(declareQueue('q')),
      importing(bind(toQueue('x', 'q'), 'k'), bind(toQueue('x', 'q'), 'k')),
      importing({ type: 'set-policy', policy: policy('p', 1) }, { type: 'set-policy', policy: policy('p', 2) }),
    ]
    expect(run(state, ...parts)).toHaveLength(4)
    expect(run(state, ...parts)).toEqual([])
  })

  it('counts the first exchange, queue and binding of a name, and the last policy and parameter', () => {
    const state = openVhost()
    const first = declareExchange('x')
    run(state, importing(first, declareExchange('x', { exchangeType: 'fanout' })))
    expect(state.exchangeByName('x')?.exchange).toMatchObject({ id: first.id, type: 'direct' })
    run(state, importing(declareQueue('q'), declareQueue('q', { arguments: { 'x-message-ttl': -1 } })))
    run(state, importing({ type: 'set-policy', policy: policy('p', 1) }))
    run(
      state,
      importing({ type: 'set-policy', policy: policy('p', 2) }, { type: 'set-policy', policy: policy('p', 1) }),
    )
    expect(state.policies.get('p')?.priority).toBe(1)
  })

  it('names the first item that is refused, keeps its cause, and does nothing', () => {
    const state = openVhost()
    const before = snapshotText(state)
    const bad = declareQueue('bad', { arguments: { 'x-message-ttl': -1 } })
    const worse = declareQueue('worse', { arguments: { 'x-expires': 0 } })
    const text =
      "queue 'bad' in vhost 'dv': invalid arg 'x-message-ttl' for queue 'bad' in vhost 'dv': {value_negative,-1}"
    expect(() => run(state, importing(declareQueue('good'), bad, worse))).toThrow(
      expect.objectContaining({ kind: 'invalid', reason: text, cause: expect.any(BrokerError) }),
    )
    expect(snapshotText(state)).toBe(before)
  })

  it.each<[ImportItem, string]>([
    [declareExchange('x', { exchangeType: 'nope' }), "exchange 'x' in vhost 'dv': unknown exchange type 'nope'"],
    [
      bind(toQueue('nox', 'noq'), 'k'),
      "binding from 'nox' to queue 'noq' in vhost 'dv': no exchange 'nox' in vhost 'dv'",
    ],
    [
      bind(toExchange('amq.direct', 'nox'), 'k'),
      "binding from 'amq.direct' to exchange 'nox' in vhost 'dv': no exchange 'nox' in vhost 'dv'",
    ],
  ])('names the place of %j', (item, reason) => {
    expect(() => run(openVhost(), importing(item))).toThrow(refusal('invalid', reason))
  })

  it('counts the queues of the file towards the limit, and says the limit as it is', () => {
    const queues = (count: number) =>
      Array.from({ length: count }, (_, index) => declareQueue(`q${index}`, { maxQueues: 3 }))
    const state = vhostAfter(declareQueue('q0'))
    expect(decideVhost(state, importing(...queues(3)))).toHaveLength(2)
    expect(() => decideVhost(state, importing(...queues(4)))).toThrow(
      "cannot declare queue 'q3': queue limit in vhost 'dv' (3) is reached",
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bind } from '../../../lib/topology/vhost/binding.ts'
import { bindingsBetween } from '../../../lib/topology/vhost/binding.ts'
import type { DeclareExchange } from '../../../lib/topology/vhost/exchange.ts'
import type { DeclareQueue } from '../../../lib/topology/vhost/queue.ts'
import type { Reconcile } from '../../../lib/topology/vhost/reconcile.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { refusal } from '../refusals.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  deleteQueue,
  exchangeNames,
  NOW_MS,
  openVhost,
  run,
  snapshotText,
  toQueue,
  vhostAfter,
} from './vhosts.ts'

const APP = 'app'

const reconcile = (given: Partial<Reconcile> = {}): Reconcile => ({
  type: 'reconcile',
  nowMs: NOW_MS,
  owner: APP,
  exchanges: [],
  queues: [],
  bindings: [],
  formerBindings: [],
  ...given,
})

const appExchange = (name: string, given: Partial<DeclareExchange> = {}) =>
  declareExchange(name, { user: APP, ...given })

const appQueue = (name: string, given: Partial<DeclareQueue> = {}) =>
  declareQueue(name, { user: APP, sqsQueues: [{ name: `Stack-${name}`, adopted: true }], ...given })

const queueNames = (state: VhostState): string[] => Array.from(state.queues(), ({ queue }) => queue.name).sort()

/** An exchange, a queue and their binding. */
const shop = (): Partial<Reconcile> => ({
  exchanges: [appExchange('orders')],
  queues: [appQueue('invoices')],
  bindings: [bind(toQueue('orders', 'invoices'), 'placed')],
})

describe('what an app declares', () => {
  it('is made, and made once', () => {
    const state = openVhost()
    expect(run(state, reconcile(shop())).map(({ type }) => type)).toEqual([
      'exchange-declared',
      'queue-declared',
      'bound',
    ])
    expect(state.queueByName('invoices')?.sqsQueues).toEqual([{ name: 'Stack-invoices', adopted: true }])
    expect(run(state, reconcile(shop()))).toEqual([])
  })

  it('goes when the app does not say it any more, and all else stays', () => {
    const state = vhostAfter(
      declareExchange('theirs'),
      declareQueue('their-queue'),
      reconcile(shop()),
      bind(toQueue('theirs', 'their-queue')),
    )
    run(state, reconcile({ formerBindings: shop().bindings ?? [] }))
    expect(exchangeNames(state)).toEqual(['theirs'])
    expect(queueNames(state)).toEqual(['their-queue'])
    expect(state.bindingCount).toBe(1)
  })

  it('loses the bindings that the app takes out, and keeps those that others made', () => {
    const state = vhostAfter(reconcile(shop()), bind(toQueue('orders', 'invoices'), 'by hand'))
    run(state, reconcile({ ...shop(), bindings: [], formerBindings: shop().bindings ?? [] }))
    expect(bindingsBetween(state, toQueue('orders', 'invoices')).map(({ routingKey }) => routingKey)).toEqual([
      'by hand',
    ])
  })

  it('may have been deleted by somebody meanwhile', () => {
    const state = vhostAfter(reconcile(shop()), deleteQueue('invoices'))
    run(state, reconcile({ formerBindings: shop().bindings ?? [] }))
    expect(exchangeNames(state)).toEqual([])
  })

  it('may be there already, declared by others: it is theirs then', () => {
    const state = vhostAfter(declareExchange('orders'))
    expect(run(state, reconcile({ exchanges: [appExchange('orders')] }))).toEqual([])
    expect(run(state, reconcile())).toEqual([])
  })

  it.each<[string, Partial<Reconcile>, string]>([
    [
      'an exchange of another type',
      { exchanges: [appExchange('orders', { exchangeType: 'topic' })] },
      "inequivalent arg 'type' for exchange 'orders' in vhost 'dv': received 'topic' but current is 'direct'; it cannot be changed, so use another name, or delete it first",
    ],
    [
      'a queue that others declared',
      { queues: [appQueue('theirs')] },
      "queue 'theirs' in vhost 'dv' exists with an SQS queue of its own; it cannot be changed, so use another name, or delete it first",
    ],
    [
      'a FIFO queue on a standard SQS queue',
      { queues: [appQueue('q', { arguments: { 'x-fifo-group': 'queue' } })] },
      "queue 'q' in vhost 'dv' cannot adopt the SQS queue 'Stack-q', which is a standard one: it needs FIFO",
    ],
    [
      'a queue on an SQS queue that has one',
      { queues: [appQueue('q'), appQueue('second', { sqsQueues: [{ name: 'Stack-q', adopted: true }] })] },
      "queue 'second' in vhost 'dv' cannot adopt the SQS queue 'Stack-q', which is behind queue 'q' in vhost 'dv'",
    ],
  ])('is refused as a whole where it holds %s', (_what, given, reason) => {
    const state = vhostAfter(declareExchange('orders'), declareQueue('theirs'))
    const before = snapshotText(state)
    const command = reconcile({ ...given, exchanges: [appExchange('first'), ...(given.exchanges ?? [])] })
    expect(() => run(state, command)).toThrow(refusal('precondition-failed', reason))
    expect(snapshotText(state)).toBe(before)
  })
})

describe('a queue whose SQS queue was replaced', () => {
  const replaced = appQueue('invoices', { sqsQueues: [{ name: 'Stack-new', adopted: true }] })

  it('is a new one with the bindings of the old one, whoever made them', () => {
    const state = vhostAfter(reconcile(shop()), bind(toQueue('orders', 'invoices'), 'by hand'))
    const old = state.queueByName('invoices')
    run(state, reconcile({ ...shop(), queues: [replaced] }))
    expect(state.queueByName('invoices')).toMatchObject({ id: replaced.id, sqsQueues: replaced.sqsQueues })
    expect(state.queueById(old?.id ?? '')).toBeUndefined()
    const keys = bindingsBetween(state, toQueue('orders', 'invoices')).map(({ routingKey }) => routingKey)
    expect(keys.sort()).toEqual(['by hand', 'placed'])
    expect(run(state, reconcile({ ...shop(), queues: [replaced] }))).toEqual([])
  })
})

const names = ['a', 'b', 'c']

/** Any part of what three exchanges, three queues and all of their bindings are. */
const wishes = fc
  .record({ exchanges: fc.subarray(names), queues: fc.subarray(names) })
  .chain(({ exchanges, queues }) =>
    fc
      .subarray(exchanges.flatMap((source) => queues.map((queue) => [source, queue] as const)))
      .map((ends) => ({ exchanges, queues, bindings: ends.map(([source, queue]) => bind(toQueue(source, queue))) })),
  )

const wished = ({ exchanges, queues, bindings }: { exchanges: string[]; queues: string[]; bindings: Bind[] }) => ({
  exchanges: exchanges.map((name) => appExchange(name)),
  queues: queues.map((name) => appQueue(name)),
  bindings,
})

it('the state is what the app says last, however it got there, and what others have is untouched', () => {
  fc.assert(
    fc.property(fc.array(wishes, { minLength: 1, maxLength: 5 }), (history) => {
      const state = vhostAfter(declareExchange('theirs'), declareQueue('their-queue'))
      run(state, bind(toQueue('theirs', 'their-queue')))
      let formerBindings: Bind[] = []
      for (const wish of history) {
        run(state, reconcile({ ...wished(wish), formerBindings }))
        formerBindings = wish.bindings
      }
      const last = history.at(-1)
      expect(exchangeNames(state).sort()).toEqual([...(last?.exchanges ?? []), 'theirs'].sort())
      expect(queueNames(state)).toEqual([...(last?.queues ?? []), 'their-queue'].sort())
      expect(state.bindingCount).toBe((last?.bindings.length ?? 0) + 1)
    }),
  )
})

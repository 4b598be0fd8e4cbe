import { beforeAll, describe, expect, it } from 'vitest'
import type { Binding } from '../../../lib/model/binding.ts'
import type { VhostCommand } from '../../../lib/topology/vhost/decide.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import {
  bind,
  declareExchange,
  declareQueue,
  deleteExchange,
  deleteQueue,
  run,
  toExchange,
  toQueue,
  unbind,
  vhostAfter,
} from './vhosts.ts'

const BINDING_COUNT = 100_000
const QUEUE_COUNT = 1000
/** What one change may look at: a handful of bindings, each a few times. */
const MAX_READS = 100

let reads = 0

/** A binding that counts how often somebody asks where it comes from, which whoever looks at it does. */
class CountedBinding implements Binding {
  readonly destination: Binding['destination']
  readonly routingKey: string
  readonly arguments = {}
  readonly #sourceId: string

  constructor(sourceId: string, queueId: string, routingKey: string) {
    this.#sourceId = sourceId
    this.destination = { type: 'queue', id: queueId }
    this.routingKey = routingKey
  }

  get sourceId(): string {
    reads += 1
    return this.#sourceId
  }
}

describe(`in a vhost of ${BINDING_COUNT} bindings`, () => {
  let state: VhostState

  beforeAll(() => {
    state = vhostAfter(
      declareExchange('hub', { exchangeType: 'topic' }),
      declareExchange('auto', { exchangeType: 'fanout', autoDelete: true }),
      declareQueue('small'),
      ...Array.from({ length: QUEUE_COUNT }, (_, index) => declareQueue(`q${index}`)),
    )
    const hubId = state.exchangeByName('hub')?.exchange.id ?? ''
    for (let index = 0; index < BINDING_COUNT; index += 1) {
      // One queue has half of them.
      const queue = state.queueByName(`q${index % 2 === 0 ? 0 : index % QUEUE_COUNT}`)
      const binding = new CountedBinding(hubId, queue?.id ?? '', `key.${index}`)
      vhostMachine.apply(state, { type: 'bound', binding })
    }
  })

  it('the counter sees who looks at all of them', () => {
    reads = 0
    for (const { sourceId } of state.bindings()) if (sourceId === '') throw new Error('a binding has no source')
    expect([reads, state.bindingCount]).toEqual([BINDING_COUNT, BINDING_COUNT])
  })

  it.each<[string, VhostCommand]>([
    ['declaring an exchange', declareExchange('x')],
    ['declaring a queue', declareQueue('q')],
    ['binding to the exchange that has them all', bind(toQueue('hub', 'small'), 'key')],
    ['binding to the queue that has most of them', bind(toQueue('auto', 'q0'), 'key')],
    ['binding again', bind(toQueue('hub', 'small'), 'key')],
    ['unbinding where both ends have many', unbind(toQueue('hub', 'q0'), 'key.0')],
    ['unbinding with an exchange that goes with it', unbind(toQueue('auto', 'q0'), 'key')],
    ['binding exchanges', bind(toExchange('hub', 'x'), 'key')],
    ['deleting an exchange', deleteExchange('x')],
    ['deleting a queue', deleteQueue('small')],
  ])('%s looks at few of them', (_what, command) => {
    reads = 0
    run(state, command)
    expect(reads).toBeLessThan(MAX_READS)
  })
})

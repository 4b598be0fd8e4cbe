import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  activeGatewayOf,
  consumerCountOf,
  join,
  leave,
  livingOf,
  NO_CONSUMERS,
  type QueueConsumers,
} from '../../lib/model/queue-consumers.ts'

type Step =
  | { readonly type: 'join'; readonly gateway: string; readonly isExclusive: boolean }
  | { readonly type: 'leave' | 'die'; readonly gateway: string }

const gateway = fc.constantFrom('g1', 'g2', 'g3')
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('join' as const), gateway, isExclusive: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('leave' as const), gateway }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('die' as const), gateway }) },
  ),
)

function take(consumers: QueueConsumers, step: Step): QueueConsumers {
  if (step.type === 'join') return join(consumers, step.gateway, step.isExclusive) ?? consumers
  if (step.type === 'leave') return leave(consumers, step.gateway)
  return livingOf(consumers, (one) => one !== step.gateway)
}

/** The same as a plain list of consumers, one entry each. */
type Plain = readonly { readonly gateway: string; readonly isExclusive: boolean }[]

function takePlain(consumers: Plain, step: Step): Plain {
  if (step.type === 'join') {
    const isRefused = consumers.some(({ isExclusive }) => isExclusive) || (step.isExclusive && consumers.length > 0)
    return isRefused ? consumers : [...consumers, step]
  }
  if (step.type === 'die') return consumers.filter((one) => one.gateway !== step.gateway)
  const index = consumers.findIndex((one) => one.gateway === step.gateway)
  return consumers.filter((_, other) => other !== index)
}

describe('the consumers of a queue', () => {
  it('are as many, and as alone, as if each were listed by itself', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let [consumers, plain]: [QueueConsumers, Plain] = [NO_CONSUMERS, []]
        for (const step of taken) {
          consumers = take(consumers, step)
          plain = takePlain(plain, step)
          expect(consumerCountOf(consumers)).toBe(plain.length)
          expect(consumers.gateways.some(({ isExclusive }) => isExclusive)).toBe(
            plain.some(({ isExclusive }) => isExclusive),
          )
          for (const { gateway: id, count } of consumers.gateways) {
            expect(plain.filter((one) => one.gateway === id)).toHaveLength(count)
          }
        }
      }),
    )
  })

  it('are active at the gateway that has had one for longest', () => {
    const both = ['g1', 'g2', 'g1'].reduce((all, id) => join(all, id, false) ?? all, NO_CONSUMERS)
    expect(activeGatewayOf(both)).toBe('g1')
    expect(activeGatewayOf(leave(both, 'g1'))).toBe('g1')
    expect(activeGatewayOf(leave(both, 'g1', 2))).toBe('g2')
    expect(activeGatewayOf(livingOf(both, (id) => id === 'g2'))).toBe('g2')
    expect(activeGatewayOf(NO_CONSUMERS)).toBeUndefined()
  })
})

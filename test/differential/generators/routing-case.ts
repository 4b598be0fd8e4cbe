import fc from 'fast-check'
import { type Publish, publishTo } from './message.ts'
import { type Topology, topology } from './topology.ts'

export interface RoutingCase {
  readonly topology: Topology
  readonly publishes: readonly Publish[]
}

/** A topology and the messages to send through it. */
export const routingCase: fc.Arbitrary<RoutingCase> = topology.chain((generated) =>
  fc.record({
    topology: fc.constant(generated),
    publishes: fc.array(publishTo(generated), { minLength: 40, maxLength: 100, size: 'max' }),
  }),
)

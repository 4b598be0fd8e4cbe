import type { AmqpValue } from '../../model/amqp-value.ts'
import type { Binding } from '../../model/binding.ts'
import type { Exchange } from '../../model/exchange.ts'
import type { Queue, SqsQueue } from '../../model/queue.ts'

/** A policy as stored; what it does is the matter of those who read it (contract §1.5). */
export interface Policy {
  readonly name: string
  readonly pattern: string
  readonly applyTo: string
  readonly definition: { readonly [key: string]: AmqpValue }
  readonly priority: number
}

/** A runtime parameter, kept as it came (contract §1.5). */
export interface Parameter {
  readonly component: string
  readonly name: string
  readonly value: AmqpValue
}

/**
 * What happens in a vhost, as its journal keeps it: after-images, so that an entry is readable by itself. What follows
 * from an event (the bindings that go with a queue) is not repeated; what was decided with it (auto-delete) is.
 */
export type VhostEvent =
  | {
      readonly type: 'vhost-opened'
      readonly id: string
      readonly name: string
      readonly exchanges: readonly Exchange[]
    }
  | { readonly type: 'exchange-declared'; readonly exchange: Exchange }
  | { readonly type: 'exchange-deleted'; readonly id: string; readonly name: string }
  | { readonly type: 'queue-declared'; readonly queue: Queue }
  | {
      readonly type: 'queue-deleted'
      readonly id: string
      readonly name: string
      /** By its deleter's clock, ms since 1970; absent in entries of releases that did not keep it. */
      readonly deletedMs?: number
    }
  | {
      readonly type: 'dead-letters-opened'
      readonly id: string
      readonly name: string
      readonly sqsQueue: SqsQueue
    }
  | { readonly type: 'bound'; readonly binding: Binding }
  | { readonly type: 'unbound'; readonly binding: Binding }
  | { readonly type: 'policy-set'; readonly policy: Policy }
  | { readonly type: 'policy-deleted'; readonly name: string }
  | { readonly type: 'parameter-set'; readonly parameter: Parameter }
  | { readonly type: 'parameter-deleted'; readonly component: string; readonly name: string }

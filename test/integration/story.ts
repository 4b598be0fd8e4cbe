import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { ApiAnswer, EmbeddedLeveret } from '../support/embedded.ts'

/** A message as `get` answers it. */
export interface GotMessage {
  readonly payload: string
  readonly payload_bytes: number
  readonly payload_encoding: string
  readonly redelivered: boolean
  readonly exchange: string
  readonly routing_key: string
  readonly message_count: number
  readonly properties: { readonly headers?: Record<string, unknown>; readonly [name: string]: unknown }
  readonly delivery_tag?: string
  readonly delivery_count?: number
}

export interface PublishBody {
  readonly routing_key?: string
  readonly payload?: string
  readonly payload_encoding?: 'string' | 'base64'
  readonly properties?: Record<string, unknown>
}

/** The few calls that stories are made of, in one vhost; each expects its success. */
export class Story {
  readonly vhost: string
  readonly #leveret: EmbeddedLeveret

  constructor(leveret: EmbeddedLeveret, vhost = '/') {
    this.#leveret = leveret
    this.vhost = vhost
  }

  /** `/api/{resource}/{vhost}` and the further segments, each encoded. */
  path(resource: string, ...segments: string[]): string {
    return ['/api', resource, ...[this.vhost, ...segments].map(encodeURIComponent)].join('/')
  }

  call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    return this.#leveret.call(method, path, body)
  }

  async queue(name: string, args: Record<string, unknown> = {}): Promise<string> {
    const { status } = await this.call('PUT', this.path('queues', name), { durable: true, arguments: args })
    expect(status).toBe(201)
    return name
  }

  async exchange(name: string, type: string, args: Record<string, unknown> = {}): Promise<string> {
    const body = { type, durable: true, arguments: args }
    expect((await this.call('PUT', this.path('exchanges', name), body)).status).toBe(201)
    return name
  }

  async bind(source: string, queue: string, routingKey = '', args: Record<string, unknown> = {}): Promise<void> {
    const path = `${this.path('bindings', 'e')}/${encodeURIComponent(source)}/q/${encodeURIComponent(queue)}`
    const answer = await this.call('POST', path, { routing_key: routingKey, arguments: args })
    expect(answer.status).toBe(201)
  }

  /** Whether the message was routed. */
  async publish(exchange: string, body: PublishBody): Promise<boolean> {
    const message = { properties: {}, routing_key: '', payload: '', payload_encoding: 'string', ...body }
    const answer = await this.call('POST', `${this.path('exchanges', exchange)}/publish`, message)
    expect(answer).toMatchObject({ status: 200 })
    return (answer.body as { routed: boolean }).routed
  }

  async get(queue: string, options: Record<string, unknown> = {}): Promise<GotMessage[]> {
    const body = { count: 100, ackmode: 'ack_requeue_false', encoding: 'auto', ...options }
    const answer = await this.call('POST', `${this.path('queues', queue)}/get`, body)
    expect(answer).toMatchObject({ status: 200 })
    return answer.body as GotMessage[]
  }

  settle(queue: string, settlements: readonly Record<string, unknown>[]): Promise<ApiAnswer> {
    return this.call('POST', `${this.path('queues', queue)}/settle`, settlements)
  }
}

/** A name that no other story uses. */
export const unique = (word: string): string => `${word}-${randomUUID().slice(0, 8)}`

/** Repeats until the check holds: for what becomes true in its own time, such as a relayed copy's arrival. */
export async function eventually<T>(look: () => Promise<T>, isReached: (found: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const found = await look()
    if (isReached(found)) return found
    if (Date.now() > deadline) throw new Error(`not reached in 20 s; last seen: ${JSON.stringify(found).slice(0, 500)}`)
  }
}

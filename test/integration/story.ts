import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { PATIENCE_MS } from '../support/deployed.ts'
import type { ApiAnswer, CallOptions, EmbeddedLeveret } from '../support/embedded.ts'

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

export interface Login {
  readonly username: string
  readonly password: string
}

export interface Permissions {
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** A binding as lists show it. */
export interface ListedBinding {
  readonly source: string
  readonly destination: string
  readonly routing_key: string
  readonly arguments: Record<string, unknown>
  readonly properties_key: string
}

/** The few calls that stories are made of, in one vhost; each expects its success, except `call` and `settle`. */
export class Story {
  readonly vhost: string
  readonly #leveret: EmbeddedLeveret
  readonly #login: Login | undefined

  /** `login` is the broker's administrator where it is left out. */
  constructor(leveret: EmbeddedLeveret, vhost = '/', login?: Login) {
    this.#leveret = leveret
    this.vhost = vhost
    this.#login = login
  }

  /** The same vhost for another user. */
  as(login: Login): Story {
    return new Story(this.#leveret, this.vhost, login)
  }

  /** A vhost of its own, for the same user. */
  async inVhost(name: string): Promise<Story> {
    expect((await this.call('PUT', `/api/vhosts/${encodeURIComponent(name)}`, {})).status).toBe(201)
    return new Story(this.#leveret, name, this.#login)
  }

  /** `/api/{resource}/{vhost}` and the further segments, each encoded. */
  path(resource: string, ...segments: string[]): string {
    return ['/api', resource, ...[this.vhost, ...segments].map(encodeURIComponent)].join('/')
  }

  /** `/api/bindings/{vhost}/e/{source}/{type}/{destination}`, and below it one binding where its key is given. */
  bindingPath(source: string, type: 'e' | 'q', destination: string, propertiesKey?: string): string {
    const segments = ['e', source, type, destination, ...(propertiesKey === undefined ? [] : [propertiesKey])]
    return this.path('bindings', ...segments)
  }

  call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<ApiAnswer> {
    return this.#leveret.call(method, path, body, { ...(this.#login && { login: this.#login }), ...options })
  }

  /** A new user, with permissions in this vhost where they are given. */
  async user(tags: string, permissions?: Permissions): Promise<Login> {
    const login = { username: unique('user'), password: unique('password') }
    const created = await this.call('PUT', `/api/users/${login.username}`, { password: login.password, tags })
    expect(created.status).toBe(201)
    if (permissions) expect((await this.permit(login.username, permissions)).status).toBe(201)
    return login
  }

  permit(user: string, permissions: Permissions): Promise<ApiAnswer> {
    return this.call('PUT', this.path('permissions', user), permissions)
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
    const body = { routing_key: routingKey, arguments: args }
    expect((await this.call('POST', this.bindingPath(source, 'q', queue), body)).status).toBe(201)
  }

  /** All bindings of the vhost except those of the default exchange. */
  async bindings(): Promise<ListedBinding[]> {
    const answer = await this.call('GET', this.path('bindings'))
    expect(answer.status).toBe(200)
    return (answer.body as ListedBinding[]).filter(({ source }) => source !== '')
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
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (isReached(found)) return found
    if (Date.now() > deadline) throw new Error(`not reached in time; last seen: ${JSON.stringify(found).slice(0, 500)}`)
  }
}

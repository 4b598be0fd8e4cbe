import http from 'node:http'
import { type Json, parseJson } from './json.ts'

export interface User {
  readonly name: string
  readonly password: string
}

/** One request of the management API. `path` is everything after `/api`, already percent-encoded, and is sent as it is. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: string
  readonly user?: User
  readonly contentType?: string
}

export interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly text: string
  /** The parsed body; undefined when it is empty or not JSON. */
  readonly json: Json | undefined
}

/** A broker took a request and did not answer it in time. */
export class NoAnswer extends Error {
  readonly brokerName: string

  constructor(brokerName: string, { method, path }: Call) {
    super(`${brokerName}: no answer to ${method} ${path}`)
    this.name = 'NoAnswer'
    this.brokerName = brokerName
  }
}

class ReusedSocketReset extends Error {}

/**
 * A broker known by its management API alone. Requests go through `node:http`, because `fetch` normalises paths: `//`,
 * `%2F` and `..` must arrive as they are written.
 */
export class Broker {
  readonly name: string
  readonly origin: string
  readonly administrator: User
  readonly #prefix: string
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 16 })

  /** `url` is where `/api` begins; `name` says in reports which side this is. */
  constructor(name: string, url: string, administrator: User) {
    const { origin, pathname } = new URL(url)
    this.name = name
    this.origin = origin
    this.administrator = administrator
    this.#prefix = `${pathname.replace(/\/$/, '')}/api`
  }

  /** Sends one call and resolves with whatever the broker answers; rejects with NoAnswer after 30 s. */
  async send(call: Call): Promise<Answer> {
    try {
      return await this.#sendOnce(call)
    } catch (error) {
      // The broker ended a connection that was kept open while the call was on its way (nodejs.org/api/http.html#requestreusedsocket).
      if (error instanceof ReusedSocketReset) return this.#sendOnce(call)
      throw error
    }
  }

  #sendOnce(call: Call): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const request = http.request(this.origin, {
      agent: this.#agent,
      method: call.method,
      path: this.#prefix + call.path,
      headers: this.#headersOf(call),
    })
    request.setTimeout(30_000, () => request.destroy(new NoAnswer(this.name, call)))
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isReset = request.reusedSocket && error.code === 'ECONNRESET'
      reject(isReset ? new ReusedSocketReset(error.message) : error)
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          text,
          json: parseOrUndefined(text),
        })
      })
    })
    request.end(call.body)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }

  #headersOf(call: Call): http.OutgoingHttpHeaders {
    const { name, password } = call.user ?? this.administrator
    return {
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
      'content-type': call.contentType ?? 'application/json',
      'content-length': Buffer.byteLength(call.body ?? ''),
    }
  }
}

/** Sends a call that must succeed: setting up and clearing away, where any refusal means the comparison is void. */
export async function sendOrThrow(broker: Broker, call: Call): Promise<Answer> {
  const answer = await broker.send(call)
  if (answer.status >= 400) {
    throw new Error(`${broker.name}: ${call.method} ${call.path} answered ${answer.status} ${answer.text}`)
  }
  return answer
}

/** A name as one path segment, every reserved byte escaped. */
export function segment(name: string): string {
  return encodeURIComponent(name)
}

function parseOrUndefined(text: string): Json | undefined {
  try {
    return text === '' ? undefined : parseJson(text)
  } catch {
    return undefined
  }
}

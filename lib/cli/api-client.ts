import { setTimeout as sleep } from 'node:timers/promises'
import { type AmqpTable, type AmqpValue, fieldOf, isTable } from '../model/amqp-value.ts'
import { parseJson } from '../model/json.ts'
import type { Connection } from './connection.ts'
import { CommandError } from './errors.ts'

/** The broker refused a request; nothing would change if it were repeated. */
export class RefusedError extends CommandError {
  readonly status: number
  /** The broker's own words (contract §1.1). */
  readonly reason: string

  constructor(status: number, reason: string) {
    super(
      status === 401 ? 'the broker does not let this user in: is the password right?' : `the broker refused: ${reason}`,
    )
    this.status = status
    this.reason = reason
  }
}

export interface RetryOptions {
  /** How often one request is made before the command gives up. */
  readonly maxAttempts: number
  /** Between attempts where the broker names no time, doubled each time. */
  readonly firstPauseMs: number
}

/** An import that is cut short goes on when it is repeated, so this is as long as many imports together may take. */
const DEFAULT_RETRY: RetryOptions = { maxAttempts: 20, firstPauseMs: 200 }
const MAX_PAUSE_MS = 10_000
/** API Gateway gives up after 29 s. */
const REQUEST_TIMEOUT_MS = 60_000

/** What is worth repeating: every request made here may be made twice. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** A connection that broke, and an answer that took too long; all else (nobody there, no such name) is told at once. */
const PASSING = /^(?:ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_\w+|TimeoutError)$/

/** The HTTP API for people's commands: repeats what failed in passing, and says what did not. */
export class ApiClient {
  readonly #connection: Connection
  readonly #tell: (line: string) => void
  readonly #retry: RetryOptions

  constructor(connection: Connection, tell: (line: string) => void, retry: RetryOptions = DEFAULT_RETRY) {
    this.#connection = connection
    this.#tell = tell
    this.#retry = retry
  }

  /** `path` is below `/api`, encoded. Throws `RefusedError`, and `CommandError` where the broker cannot be reached. */
  get(path: string): Promise<AmqpValue> {
    return this.#request('GET', path, undefined)
  }

  /** As {@link get}. */
  post(path: string, body: AmqpTable): Promise<AmqpValue> {
    return this.#request('POST', path, JSON.stringify(body))
  }

  /** As {@link get}. */
  delete(path: string): Promise<AmqpValue> {
    return this.#request('DELETE', path, undefined)
  }

  async #request(method: string, path: string, body: string | undefined): Promise<AmqpValue> {
    let pauseMs = this.#retry.firstPauseMs
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(method, path, body)
      if ('answer' in outcome) return outcome.answer
      if (attempt === this.#retry.maxAttempts) throw new CommandError(`given up: ${outcome.problem}`)
      this.#tell(`${outcome.problem}; trying again`)
      await sleep(outcome.retryAfterMs ?? pauseMs)
      pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
    }
  }

  async #attempt(method: string, path: string, body: string | undefined): Promise<Outcome> {
    try {
      const response = await this.#fetch(method, path, body)
      const text = await response.text()
      if (response.ok) return { answer: text === '' ? null : parseJson(text) }
      const reason = reasonOf(text) ?? statusText(response)
      if (!RETRIED_STATUSES.has(response.status)) throw new RefusedError(response.status, reason)
      return { problem: reason, retryAfterMs: retryAfterMs(response.headers.get('retry-after')) }
    } catch (error) {
      if (error instanceof CommandError) throw error
      const { message, code } = causeOf(error)
      if (!PASSING.test(code)) throw new CommandError(`nothing answers at ${this.#connection.url}: ${message}`)
      return { problem: `the connection failed: ${message}`, retryAfterMs: undefined }
    }
  }

  #fetch(method: string, path: string, body: string | undefined): Promise<Response> {
    const { url, user, password } = this.#connection
    return fetch(`${url}/api${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      // The password is for the address that was typed, not for one that it points to.
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
  }
}

function statusText({ status, statusText: text, headers }: Response): string {
  const location = headers.get('location')
  return location === null ? `${status} ${text}` : `it is at ${location}: give that address as --url`
}

type Outcome = { readonly answer: AmqpValue } | { readonly problem: string; readonly retryAfterMs: number | undefined }

function reasonOf(text: string): string | undefined {
  try {
    const answer = parseJson(text)
    const reason = isTable(answer) ? (fieldOf(answer, 'reason') ?? fieldOf(answer, 'message')) : undefined
    return reason === undefined || typeof reason === 'string' ? reason : JSON.stringify(reason)
  } catch {
    return undefined
  }
}

/** Ours are in seconds; a date is what some proxies send, and is as good as nothing. */
const retryAfterMs = (header: string | null): number | undefined =>
  header !== null && /^\d{1,4}$/.test(header) ? Number(header) * 1000 : undefined

/** What `fetch` throws says nothing itself; its cause does. */
function causeOf(error: unknown): { message: string; code: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return { message: String(cause), code: '' }
  return {
    message: cause.message || cause.name,
    code: 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name,
  }
}

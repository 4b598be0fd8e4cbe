import { type PublishedKey, parseKeySet } from '../access/jwt.ts'
import type { JwtConfig } from '../config.ts'
import type { Clock } from '../journal/clock.ts'
import { logError } from '../log.ts'
import { unavailable } from '../model/errors.ts'

/** How long keys are used before they are read again, and how long where they cannot be. */
const FRESH_MS = 10 * 60_000
const USABLE_MS = 24 * 3_600_000
/** A token with an unknown key may be made up: keys are read again no more often than this. */
const UNKNOWN_KEY_MS = 30_000
const TIMEOUT_MS = 3000
const MAX_CHARACTERS = 262_144

interface Reading {
  readonly readMs: number
  readonly keys: readonly PublishedKey[]
}

/** Where the keys come from that tokens are verified with. */
export interface KeySource {
  /** The keys, fresh enough for a token with this key. Throws `unavailable` where there are none. */
  keysFor(keyId: string | undefined): Promise<readonly PublishedKey[]>
}

/** The keys of the configured issuer: those in the configuration itself, else those that it publishes. */
export function openKeySource({ jwks, jwksUri = '' }: JwtConfig, clock: Pick<Clock, 'monotonicMs'>): KeySource {
  if (jwks === undefined) return new PublishedKeys(jwksUri, clock)
  const keys = parseKeySet(jwks)
  return { keysFor: async () => keys }
}

/** The keys of an issuer of tokens, read from its JSON Web Key Set (RFC 7517) and kept for a while. */
export class PublishedKeys implements KeySource {
  readonly #uri: string
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #fetch: typeof fetch
  #last: Reading | undefined
  #triedMs = Number.NEGATIVE_INFINITY
  #underWay: Promise<void> | undefined

  constructor(uri: string, clock: Pick<Clock, 'monotonicMs'>, fetcher: typeof fetch = fetch) {
    this.#uri = uri
    this.#clock = clock
    this.#fetch = fetcher
  }

  /** The keys, fresh enough for a token with this key. Throws `unavailable` where none could be read for a day. */
  async keysFor(keyId: string | undefined): Promise<readonly PublishedKey[]> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#needsReading(keyId, nowMs)) await this.#read(nowMs)
    if (this.#last && nowMs - this.#last.readMs < USABLE_MS) return this.#last.keys
    throw unavailable('the keys that tokens are signed with cannot be read', { retryAfterS: 1 })
  }

  #needsReading(keyId: string | undefined, nowMs: number): boolean {
    if (!this.#last) return true
    if (nowMs - this.#triedMs < UNKNOWN_KEY_MS) return false
    if (nowMs - this.#last.readMs >= FRESH_MS) return true
    return keyId !== undefined && !this.#last.keys.some(({ kid }) => kid === keyId)
  }

  /** One at a time; a failure leaves the former keys in use. */
  #read(nowMs: number): Promise<void> {
    this.#triedMs = nowMs
    this.#underWay ??= this.#readNow(nowMs)
      .catch((error: unknown) => logError('the keys that tokens are signed with could not be read', error))
      .finally(() => {
        this.#underWay = undefined
      })
    return this.#underWay
  }

  async #readNow(nowMs: number): Promise<void> {
    const response = await this.#fetch(this.#uri, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) throw new Error(`${this.#uri} answered ${response.status}`)
    const text = await response.text()
    if (text.length > MAX_CHARACTERS) throw new Error(`${this.#uri} is longer than ${MAX_CHARACTERS} characters`)
    this.#last = { readMs: nowMs, keys: parseKeySet(text) }
  }
}

import { createHash } from 'node:crypto'
import { ABSENT, type StoredItem } from '../delivery/item-store.ts'
import { logError } from '../log.ts'
import { invalid, unavailable } from '../model/errors.ts'
import { type PublishEntry, publishBatch } from './publish-batch.ts'
import type { PublishOutcome } from './publish-many.ts'
import type { VhostSession } from './session.ts'

/** A publish, of one message or many, that its publisher may repeat. */
export interface RepeatableRequest {
  /** What the publisher calls it; the same user, exchange and key mean the same request. */
  readonly key: string
  readonly exchange: string
  /** What is to be published, to tell a repetition from another request under the same key. */
  readonly body: string
}

/** How long a request is remembered. */
const REMEMBERED_S = 86_400
/** Longer than a request can take: nobody else works on it meanwhile. */
const LOCK_MS = 35_000

/** What is remembered of a request. */
interface Progress {
  readonly fingerprint: string
  /** Milliseconds since 1970; 0 for nobody. */
  readonly lockedUntilMs: number
  /** For each message whether it was routed, or null while it is not confirmed. */
  readonly routed: readonly (boolean | null)[]
}

/**
 * As `publishBatch`, and messages that a request with the same key published within a day are not published again: their
 * first outcome is answered. What failed or was refused is tried anew, under the same publish ids. Throws `invalid` where
 * the key stood for something else, and `unavailable` while the first request is still at work.
 */
export async function publishOnce(
  session: VhostSession,
  request: RepeatableRequest,
  entries: readonly PublishEntry[],
): Promise<readonly PublishOutcome[]> {
  const { progress, revision } = await begin(session, request, entries.length)
  const missing = entries.flatMap((_, index) => (progress.routed[index] === null ? [index] : []))
  if (missing.length === 0) return progress.routed.map((routed) => ({ routed: routed === true }))
  const outcomes = await publishBatch(
    session,
    request.exchange,
    missing.map((index) => entries[index] ?? invalid('no entry')),
    (position) => publishIdOf(session, request, missing[position] ?? 0),
  )
  const all = [...progress.routed.map((routed): PublishOutcome => ({ routed: routed === true }))]
  for (const [position, index] of missing.entries()) all[index] = outcomes[position] ?? { routed: false }
  await remember(session, request, revision, {
    ...progress,
    lockedUntilMs: 0,
    routed: all.map((outcome) => ('error' in outcome ? null : outcome.routed)),
  })
  return all
}

/** Takes hold of the request, so that nobody else works on it; a request that is complete is only read. */
async function begin(
  session: VhostSession,
  request: RepeatableRequest,
  count: number,
): Promise<{ progress: Progress; revision: string }> {
  const { items } = session.broker.delivery
  const nowMs = session.broker.clock.wallMs()
  const fresh = { fingerprint: hashOf(request.body), lockedUntilMs: nowMs + LOCK_MS, routed: Array(count).fill(null) }
  const first = await items.put(itemFor(session, request, fresh), ABSENT)
  if (first !== undefined) return { progress: fresh, revision: first }
  const known = await items.get(keyFor(session, request))
  if (!known) throw BUSY
  const progress = progressOf(known, nowMs)
  if (progress && progress.fingerprint !== fresh.fingerprint) throw invalid(OTHER_BODY)
  if (progress && progress.lockedUntilMs > nowMs) throw BUSY
  if (progress && !progress.routed.includes(null)) return { progress, revision: known.revision }
  const locked = { ...fresh, routed: progress?.routed ?? fresh.routed }
  const revision = await items.put(itemFor(session, request, locked), known.revision)
  if (revision === undefined) throw BUSY
  return { progress: locked, revision }
}

const BUSY = unavailable('a request with this Idempotency-Key is at work: repeat yours to learn its outcome', {
  retryAfterS: 1,
})
const OTHER_BODY = 'this Idempotency-Key was used for another body within a day: use a new one'

/** The messages are there, whether or not this is: without it a repetition makes duplicates of them. */
async function remember(
  session: VhostSession,
  request: RepeatableRequest,
  revision: string,
  progress: Progress,
): Promise<void> {
  try {
    await session.broker.delivery.items.put(itemFor(session, request, progress), revision)
  } catch (error) {
    logError('the outcome of a repeatable publish could not be remembered', error)
  }
}

/** One request of one user to one exchange: nobody's key means anything to others. */
const scopeOf = ({ user, vhost }: VhostSession, { key, exchange }: RepeatableRequest): string =>
  hashOf(JSON.stringify([user.name, vhost.id, exchange, key]))

const keyFor = (session: VhostSession, request: RepeatableRequest) => ({
  partition: `publish#${scopeOf(session, request)}`,
  sort: 'progress',
})

/** FIFO queues tell by it that a copy has been there before. */
const publishIdOf = (session: VhostSession, request: RepeatableRequest, index: number): string =>
  hashOf(`${scopeOf(session, request)}/${index}`)

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

const itemFor = (session: VhostSession, request: RepeatableRequest, progress: Progress) => ({
  ...keyFor(session, request),
  data: JSON.stringify(progress),
  expiresAtS: Math.ceil(session.broker.clock.wallMs() / 1000) + REMEMBERED_S,
})

/** Undefined once its time is over: the table deletes it some days later. */
const progressOf = ({ data, expiresAtS = 0 }: StoredItem, nowMs: number): Progress | undefined =>
  expiresAtS * 1000 > nowMs ? (JSON.parse(data) as Progress) : undefined

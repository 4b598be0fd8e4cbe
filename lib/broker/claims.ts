import { createHash } from 'node:crypto'
import { ABSENT, type ItemKey, type StoredItem } from '../delivery/item-store.ts'
import { logError } from '../log.ts'
import { unavailable } from '../model/errors.ts'
import type { Broker } from './broker.ts'

/** The right to pass on the one message of its kind. It is kept, or given back, once what became of the message is known. */
export interface Claim {
  readonly key: ItemKey
  readonly revision: string
  readonly state: ClaimState
}

interface ClaimState {
  /** Of the publish that passed, or is about to; whoever takes over from one that died goes on under it. */
  readonly publishId: string
  readonly isDone: boolean
  /** While somebody is at work: until when nobody else may be. Milliseconds since 1970. */
  readonly lockedUntilMs: number
  /** After this the next one may pass. */
  readonly rememberedUntilMs: number
}

export interface ClaimRequest {
  /** The id of the exchange or queue that messages of this key pass once. */
  readonly scopeId: string
  readonly key: string
  readonly rememberedMs: number
  readonly publishId: string
}

/** Longer than a request or a batch of records can take. */
const LOCK_MS = 70_000

/**
 * Undefined where a message with this key has passed before, whole. Throws `unavailable` while another one is about to:
 * what will become of it is not known yet.
 */
export async function claim({ clock, delivery }: Broker, request: ClaimRequest): Promise<Claim | undefined> {
  const { items } = delivery
  const nowMs = clock.wallMs()
  const key = keyOf(request)
  const fresh: ClaimState = {
    publishId: request.publishId,
    isDone: false,
    lockedUntilMs: nowMs + LOCK_MS,
    rememberedUntilMs: nowMs + request.rememberedMs,
  }
  const first = await items.put(itemOf(key, fresh), ABSENT)
  if (first !== undefined) return { key, revision: first, state: fresh }
  const item = await items.get(key)
  const known = item && stateOf(item, nowMs)
  if (known?.isDone) return undefined
  if (known && known.lockedUntilMs > nowMs && known.publishId !== request.publishId) throw BUSY
  const state = known ? { ...fresh, publishId: known.publishId } : fresh
  const revision = await items.put(itemOf(key, state), item?.revision ?? ABSENT)
  if (revision === undefined) throw BUSY
  return { key, revision, state }
}

const BUSY = unavailable(
  'a message with the same deduplication header is on its way: publish again to learn its outcome',
  {
    retryAfterS: 1,
  },
)

/** The message has passed: others of its kind are dropped from now on. Where this cannot be written, the next one passes too. */
export const keepClaim = ({ delivery }: Broker, { key, revision, state }: Claim): Promise<void> =>
  quietly(() => delivery.items.put(itemOf(key, { ...state, isDone: true, lockedUntilMs: 0 }), revision))

/** The message has not passed, or nobody knows: the next one may try, under the same publish id. */
export const releaseClaim = ({ delivery }: Broker, { key, revision, state }: Claim): Promise<void> =>
  quietly(() => delivery.items.put(itemOf(key, { ...state, lockedUntilMs: 0 }), revision))

async function quietly(write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (error) {
    logError('what became of a deduplicated message could not be noted', error)
  }
}

const keyOf = ({ scopeId, key }: ClaimRequest): ItemKey => ({
  partition: `once#${createHash('sha256').update(`${scopeId}/${key}`).digest('base64url')}`,
  sort: 'claim',
})

const itemOf = (key: ItemKey, state: ClaimState) => ({
  ...key,
  data: JSON.stringify(state),
  expiresAtS: Math.ceil(state.rememberedUntilMs / 1000),
})

/** Undefined once it is to be remembered no more: the table deletes it some days later. */
function stateOf({ data }: StoredItem, nowMs: number): ClaimState | undefined {
  const state = JSON.parse(data) as ClaimState
  return state.rememberedUntilMs > nowMs ? state : undefined
}

import type { Reading, Timeline } from './clock.ts'

/** The read of a head that found a state to be the newest. */
export interface Confirmation {
  /** Taken before the read was sent: what was answered to somebody before then, the state contains. */
  readonly began: Reading
  readonly leaseMs: number
}

/** What a request needs of a state. */
export interface Demand {
  /** When the request arrived. */
  readonly arrival: Reading
  /** Whether only a read that began after the arrival will do. */
  readonly confirm: boolean
}

/**
 * The rule of freshness (docs/architecture.md): a state may serve a request if its confirming read began after the request arrived,
 * or less than L ago. Writers answer only after their change has been visible for L and a margin, so that every state
 * that may serve a later request was confirmed by a read that saw the change.
 */
export function mayServe(timeline: Timeline, { began, leaseMs }: Confirmation, { arrival, confirm }: Demand): boolean {
  if (began.order > arrival.order) return true
  return !confirm && timeline.ageMs(began) < leaseMs
}

/** The part of a lease after which it is renewed in the background, so that no request waits for it. */
const RENEWAL_SHARE = 0.7

export const isRenewalDue = (timeline: Timeline, { began, leaseMs }: Confirmation): boolean =>
  leaseMs > 0 && timeline.ageMs(began) >= leaseMs * RENEWAL_SHARE

/** A version that a decision was made on, or that it made. */
export interface VisibleVersion {
  readonly journal: string
  readonly version: number
  /** When this environment first knew that a head shows this version to every reader. */
  readonly firstSeen: Reading
  /** How long leases of states without it may last from then, ms. */
  readonly waitMs: number
}

/**
 * The lease wait: resolves when no state without these versions may serve a request any more, at once where they have
 * been visible for long enough. Without leases every request confirms and there is nothing to wait for.
 */
export async function waitForLeases(
  timeline: Timeline,
  versions: Iterable<VisibleVersion>,
  marginMs: number,
): Promise<void> {
  const waits = Array.from(versions, ({ firstSeen, waitMs }) =>
    waitMs > 0 ? timeline.waitUntilAged(firstSeen, waitMs + marginMs) : undefined,
  )
  await Promise.all(waits)
}

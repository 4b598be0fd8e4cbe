const BASE = 18_800_000_000_000_000_000n
const STEP = 256n

/** SequenceNumber: twenty digits that grow with the order of arrival, with gaps. */
export function formatSequenceNumber(seq: number): string {
  return String(BASE + BigInt(seq) * STEP)
}

/** The body of a message as far as it has come, in pieces whose number is bounded however it was cut. */
export interface PartialBody {
  readonly receivedBytes: number
  readonly pieces: readonly Uint8Array[]
}

export const NO_BODY: PartialBody = { receivedBytes: 0, pieces: [] }

/** Pieces below this are joined, so that a body of single bytes takes no more memory than any other. */
const SMALL_BYTES = 65_536

/** The body with one more piece. Small pieces are joined as in a binary counter: each byte is copied a few times at most. */
export function appendPiece({ receivedBytes, pieces }: PartialBody, piece: Uint8Array): PartialBody {
  if (piece.length === 0) return { receivedBytes, pieces }
  const kept = [...pieces]
  let joined = piece
  for (let last = kept.at(-1); last && last.length <= joined.length && last.length < SMALL_BYTES; last = kept.at(-1)) {
    kept.pop()
    joined = Buffer.concat([last, joined])
  }
  kept.push(joined)
  return { receivedBytes: receivedBytes + piece.length, pieces: kept }
}

export const payloadOf = ({ pieces }: PartialBody): Uint8Array =>
  pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)

import { isUtf8 } from 'node:buffer'

/** How a get wants payloads (contract §1.4). */
export interface PayloadForm {
  readonly encoding: 'auto' | 'base64'
  /** Only so much of each payload is answered. */
  readonly truncateBytes: number | undefined
}

/** A payload as an answer holds it. */
export interface EncodedPayload {
  readonly payload: string
  readonly payload_encoding: 'string' | 'base64'
}

/** Contract §1.4: text where `auto` asks for it and the payload, cut as asked, is UTF-8; else base64. */
export function encodePayload(payload: Uint8Array, form: PayloadForm): EncodedPayload {
  const bytes = truncated(payload, form)
  if (!isAnsweredAsText(bytes, form)) return { payload: bytes.toString('base64'), payload_encoding: 'base64' }
  return { payload: bytes.toString('utf8'), payload_encoding: 'string' }
}

/** What {@link encodePayload} takes in what Lambda answers, which is JSON in a JSON text. */
export function encodedSizeBytes(payload: Uint8Array, form: PayloadForm): number {
  const bytes = truncated(payload, form)
  return isAnsweredAsText(bytes, form) ? textSizeBytes(bytes) : base64SizeBytes(bytes)
}

/** A view, never a copy. */
function truncated({ buffer, byteOffset, byteLength }: Uint8Array, { truncateBytes }: PayloadForm): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, Math.min(byteLength, truncateBytes ?? byteLength))
}

/** From here on a text that consists of control characters or quotes may not fit any answer, and its base64 will. */
const LARGE_BYTES = 500_000

/** A large payload is text only where that does not make it larger than base64 would. */
function isAnsweredAsText(bytes: Buffer, { encoding }: PayloadForm): boolean {
  if (encoding === 'base64' || !isUtf8(bytes)) return false
  return bytes.length < LARGE_BYTES || textSizeBytes(bytes) <= base64SizeBytes(bytes)
}

const textSizeBytes = (bytes: Buffer): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(bytes.toString('utf8'))))

const base64SizeBytes = (bytes: Buffer): number => Math.ceil(bytes.length / 3) * 4

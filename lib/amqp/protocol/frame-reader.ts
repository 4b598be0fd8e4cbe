import { ByteReader } from './byte-reader.ts'
import { readContentHeader } from './content-header.ts'
import {
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_HEADER_BYTES,
  FRAME_HEARTBEAT,
  FRAME_MAX_BEFORE_TUNE,
  FRAME_METHOD,
  FRAME_OVERHEAD_BYTES,
  type Frame,
} from './frame.ts'
import { readMethod } from './method-codec.ts'
import { ProtocolError } from './protocol-error.ts'

const NOTHING: Buffer = Buffer.alloc(0)
/** Memory that a frame takes as soon as it has begun; it grows with what arrives, not with what is announced. */
const FIRST_PARTIAL_BYTES = 1024

/**
 * Cuts a stream of bytes into frames (amqp-contract §1). Push what has arrived, then take frames until there is none.
 * Between two pushes it holds one unfinished frame at most, never more than `frameMax` and eight octets.
 *
 * `next` throws ProtocolError. After one that `isFatal` it throws that one for ever; after any other it goes on with the
 * frame behind it. The order of frames (a method, its header, its body) is the affair of the channel that they are for.
 */
export class FrameReader {
  /** The largest frame that is accepted, end octet included; as RabbitMQ, it looks away from eight octets more. */
  frameMax = FRAME_MAX_BEFORE_TUNE
  /** Arrived and not looked at: `#chunk` from `#at` on. */
  #chunk = NOTHING
  #at = 0
  /** The beginning of a frame whose end has not arrived: memory of its own, of which `#filled` bytes are in use. */
  #partial = NOTHING
  #filled = 0
  #failure: ProtocolError | undefined

  /** Takes over the chunk: its memory must not be used again. */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) return
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#chunk = this.#at === this.#chunk.length ? bytes : Buffer.concat([this.#chunk.subarray(this.#at), bytes])
    this.#at = 0
  }

  /** The next frame, or undefined until more bytes are pushed. */
  next(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return this.#filled === 0 ? this.#nextInChunk() : this.#nextInPartial()
    } catch (error) {
      if (error instanceof ProtocolError && error.isFatal) this.#fail(error)
      throw error
    }
  }

  #fail(error: ProtocolError): void {
    this.#failure = error
    this.#chunk = NOTHING
    this.#at = 0
    this.#dropPartial()
  }

  #dropPartial(): void {
    this.#partial = NOTHING
    this.#filled = 0
  }

  #nextInChunk(): Frame | undefined {
    const start = this.#at
    const available = this.#chunk.length - start
    if (available === 0) return this.#letGoOfChunk()
    const size = available < FRAME_HEADER_BYTES ? undefined : this.#frameSize(this.#chunk, start)
    if (size === undefined || available < size) return this.#setAside(size ?? FRAME_HEADER_BYTES)
    this.#at = start + size
    return frameIn(this.#chunk, start, size)
  }

  #letGoOfChunk(): undefined {
    this.#chunk = NOTHING
    this.#at = 0
  }

  #setAside(size: number): undefined {
    this.#fill(size)
    this.#letGoOfChunk()
  }

  /** Goes on with a frame that began in an earlier chunk: its header first, which says how long it is. */
  #nextInPartial(): Frame | undefined {
    if (!this.#fill(FRAME_HEADER_BYTES)) return this.#letGoOfChunk()
    const size = this.#frameSize(this.#partial, 0)
    if (!this.#fill(size)) return this.#letGoOfChunk()
    const partial = this.#partial
    this.#dropPartial()
    return frameIn(partial, 0, size)
  }

  /** Moves bytes from the chunk to the partial frame until it has `size` of them; whether it has. */
  #fill(size: number): boolean {
    const end = Math.min(this.#chunk.length, this.#at + Math.max(0, size - this.#filled))
    const filled = this.#filled + end - this.#at
    if (filled > this.#partial.length) this.#grow(Math.max(filled, Math.min(size, this.#partial.length * 2)))
    this.#chunk.copy(this.#partial, this.#filled, this.#at, end)
    this.#at = end
    this.#filled = filled
    return filled >= size
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size, FIRST_PARTIAL_BYTES))
    this.#partial.copy(larger, 0, 0, this.#filled)
    this.#partial = larger
  }

  /** The size of the frame whose header is at `start`. Throws ProtocolError 501 if it is too large. */
  #frameSize(bytes: Buffer, start: number): number {
    const payloadSize = bytes.readUInt32BE(start + 3)
    if (payloadSize <= this.frameMax) return payloadSize + FRAME_OVERHEAD_BYTES
    const most = this.frameMax - FRAME_OVERHEAD_BYTES
    throw fatal(`a frame of type ${bytes[start]} has ${payloadSize} octets, more than the ${most} agreed upon`)
  }
}

const fatal = (explanation: string): ProtocolError => new ProtocolError(501, explanation, { isFatal: true })

function frameIn(bytes: Buffer, start: number, size: number): Frame {
  const [payloadStart, payloadEnd] = [start + FRAME_HEADER_BYTES, start + size - 1]
  const type = bytes[start] ?? 0
  const channel = bytes.readUInt16BE(start + 1)
  if (bytes[payloadEnd] !== FRAME_END) throw fatal(`a frame of type ${type} ends in octet ${bytes[payloadEnd]}`)
  switch (type) {
    case FRAME_METHOD:
      return { type: 'method', channel, method: readMethod(new ByteReader(bytes, payloadStart, payloadEnd)) }
    case FRAME_HEADER:
      return { type: 'header', channel, ...readContentHeader(new ByteReader(bytes, payloadStart, payloadEnd)) }
    case FRAME_BODY:
      return { type: 'body', channel, payload: retainable(bytes.subarray(payloadStart, payloadEnd)) }
    case FRAME_HEARTBEAT:
      return heartbeat(channel, payloadEnd - payloadStart)
    default:
      throw new ProtocolError(501, `unknown frame type ${type}`)
  }
}

function heartbeat(channel: number, payloadSize: number): Frame {
  if (payloadSize > 0) throw new ProtocolError(501, `a heartbeat has ${payloadSize} octets of payload`)
  if (channel !== 0) throw new ProtocolError(505, `heartbeat on channel ${channel}`)
  return { type: 'heartbeat', channel }
}

/** A message may live long: its body shares memory only where it is most of it. */
const retainable = (payload: Buffer): Uint8Array =>
  payload.length * 2 >= payload.buffer.byteLength ? payload : ownCopy(payload)

/** Not in the pool of `Buffer.from`, of which the smallest copy holds all. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

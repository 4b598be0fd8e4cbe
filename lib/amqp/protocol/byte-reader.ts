import { isUtf8 } from 'node:buffer'
import { ProtocolError } from './protocol-error.ts'

/** Bytes that do not hold what they should; whoever knows what was read makes a ProtocolError of it. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes'
  readonly code: 501 | 502

  /** 501 where they end too early, 502 where a table is not one. */
  constructor(message: string, code: 501 | 502 = 501) {
    super(message)
    this.code = code
  }
}

const UINT32 = 2 ** 32

/** Reads the elementary types of AMQP (network order) from a stretch of bytes. Throws {@link MalformedBytes} at its end, and ProtocolError for a text that is none. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #end: number
  at: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.at = start
  }

  get isAtEnd(): boolean {
    return this.at === this.#end
  }

  /** Moves on by a number of bytes and answers where they begin. */
  #take(length: number): number {
    const start = this.at
    if (length > this.#end - start) throw new MalformedBytes(`${length} bytes expected, ${this.#end - start} left`)
    this.at = start + length
    return start
  }

  octet(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#take(2))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  /** Rounded beyond 2^53. */
  longlong(): number {
    const start = this.#take(8)
    return this.#bytes.readUInt32BE(start) * UINT32 + this.#bytes.readUInt32BE(start + 4)
  }

  /** A number where it is exact, else a bigint. */
  int64(): number | bigint {
    const start = this.#take(8)
    const value = this.#bytes.readInt32BE(start) * UINT32 + this.#bytes.readUInt32BE(start + 4)
    return Number.isSafeInteger(value) ? value : this.#bytes.readBigInt64BE(start)
  }

  float(): number {
    return this.#bytes.readFloatBE(this.#take(4))
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8))
  }

  shortstr(): string {
    const length = this.octet()
    return this.#text(length)
  }

  longstr(): string {
    const length = this.long()
    return this.#text(length)
  }

  #text(length: number): string {
    const start = this.#take(length)
    const text = this.#bytes.toString('utf8', start, this.at)
    if (this.#isReplaced(text, start)) throw new ProtocolError(501, 'Malformed UTF-8 in shortstr')
    return text
  }

  /** Whether bytes from `start` on were no UTF-8; only a text with the replacement character in it can be made of such. */
  #isReplaced(text: string, start: number): boolean {
    return text.includes('\uFFFD') && !isUtf8(this.#bytes.subarray(start, this.at))
  }

  /** A longstr as a text, or as it is where it is no UTF-8. */
  textOrBytes(): string | Uint8Array {
    const length = this.long()
    const start = this.#take(length)
    const text = this.#bytes.toString('utf8', start, this.at)
    return this.#isReplaced(text, start) ? this.#copy(start) : text
  }

  /** A longstr as it is: bytes of their own, which hold nothing else in memory. */
  bytes(): Uint8Array {
    const length = this.long()
    return this.#copy(this.#take(length))
  }

  #copy(start: number): Uint8Array {
    return Buffer.from(this.#bytes.subarray(start, this.at))
  }

  /** A reader of the bytes that a length of four bytes announces. */
  nested(): ByteReader {
    const length = this.long()
    const start = this.#take(length)
    return new ByteReader(this.#bytes, start, this.at)
  }
}

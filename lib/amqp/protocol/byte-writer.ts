const UINT32 = 2 ** 32
const FIRST_BYTES = 4096
/** What a writer keeps from one use to the next. */
const KEPT_BYTES = 2 ** 18

/** Writes the elementary types of AMQP (network order) into memory that grows and is used again. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  at = 0

  reset(): void {
    this.at = 0
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  }

  /** A copy of what was written since the last reset. */
  toBuffer(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.at))
  }

  #room(length: number): number {
    const start = this.at
    if (start + length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, start + length))
      this.#bytes.copy(larger, 0, 0, start)
      this.#bytes = larger
    }
    this.at = start + length
    return start
  }

  octet(value: number): void {
    const start = this.#room(1)
    this.#bytes[start] = value
  }

  /** Of ASCII. */
  character(character: string): void {
    this.octet(character.charCodeAt(0))
  }

  short(value: number): void {
    const start = this.#room(2)
    this.#bytes.writeUInt16BE(value, start)
  }

  int16(value: number): void {
    const start = this.#room(2)
    this.#bytes.writeInt16BE(value, start)
  }

  long(value: number): void {
    const start = this.#room(4)
    this.#bytes.writeUInt32BE(value, start)
  }

  int32(value: number): void {
    const start = this.#room(4)
    this.#bytes.writeInt32BE(value, start)
  }

  /** A safe integer, not negative. */
  longlong(value: number): void {
    const start = this.#room(8)
    this.#bytes.writeUInt32BE(Math.floor(value / UINT32), start)
    this.#bytes.writeUInt32BE(value % UINT32, start + 4)
  }

  int64(value: bigint): void {
    const start = this.#room(8)
    this.#bytes.writeBigInt64BE(value, start)
  }

  float(value: number): void {
    const start = this.#room(4)
    this.#bytes.writeFloatBE(value, start)
  }

  double(value: number): void {
    const start = this.#room(8)
    this.#bytes.writeDoubleBE(value, start)
  }

  /** Throws RangeError beyond 255 bytes. */
  shortstr(text: string): void {
    const lengthAt = this.#room(1)
    const length = this.#text(text)
    if (length > 255) throw new RangeError(`a short string of ${length} bytes: at most 255 fit`)
    this.#bytes[lengthAt] = length
  }

  longstr(text: string): void {
    const lengthAt = this.startLength()
    this.#text(text)
    this.endLength(lengthAt)
  }

  #text(text: string): number {
    // A UTF-16 unit is at most three bytes.
    const start = this.#room(text.length * 3)
    const length = this.#bytes.write(text, start)
    this.at = start + length
    return length
  }

  bytes(bytes: Uint8Array): void {
    this.long(bytes.length)
    this.raw(bytes)
  }

  raw(bytes: Uint8Array): void {
    const start = this.#room(bytes.length)
    this.#bytes.set(bytes, start)
  }

  /** Leaves four bytes for the length of what follows; {@link endLength} takes the answer and fills them in. */
  startLength(): number {
    return this.#room(4)
  }

  endLength(lengthAt: number): void {
    this.#bytes.writeUInt32BE(this.at - lengthAt - 4, lengthAt)
  }
}

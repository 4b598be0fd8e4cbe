/** Bytes as hexadecimal digits, spaces between them as it suits the reader. */
export const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(/\s/g, ''), 'hex')

/** A frame of any payload, well-formed but for what is overridden. */
export function rawFrame(
  type: number,
  channel: number,
  payload: Uint8Array,
  { size = payload.length, end = 0xce }: { readonly size?: number; readonly end?: number } = {},
): Buffer {
  const header = Buffer.alloc(7)
  header.writeUInt8(type)
  header.writeUInt16BE(channel, 1)
  header.writeUInt32BE(size, 3)
  return Buffer.concat([header, payload, Buffer.from([end])])
}

/** Bytes with the four octets of their length before them, as tables, arrays and long strings have it. */
export function withLength(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

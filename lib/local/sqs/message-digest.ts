import { hash } from 'node:crypto'

/** A message attribute as it is kept and as it goes over the wire; `BinaryValue` is base64. */
export interface MessageAttribute {
  readonly DataType: string
  readonly StringValue?: string
  readonly BinaryValue?: string
}

const STRING_TRANSPORT = 1
const BINARY_TRANSPORT = 2
const LENGTH_BYTES = 4

export function md5OfText(text: string): string {
  return hash('md5', text, 'hex')
}

/** How many bytes an attribute's value has, as they count towards the size and the digest. */
export function sizeOfAttribute({ StringValue = '', BinaryValue }: MessageAttribute): number {
  // Of base64 that is not well-formed only decoding tells how long it is.
  return BinaryValue === undefined ? Buffer.byteLength(StringValue) : Buffer.from(BinaryValue, 'base64').length
}

/**
 * MD5OfMessageAttributes: the attributes in order of name, each as length-prefixed name and data type, a byte for the
 * transport type and the length-prefixed value (SQS developer guide, "Calculating the MD5 message digest for message
 * attributes"). Undefined for no attributes.
 */
export function md5OfAttributes(attributes: ReadonlyMap<string, MessageAttribute>): string | undefined {
  if (attributes.size === 0) return undefined
  const sorted = [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))
  const bytes = Buffer.allocUnsafe(sorted.reduce((sum, [name, attribute]) => sum + digestedBytes(name, attribute), 0))
  let at = 0
  for (const [name, attribute] of sorted) {
    at = writeText(bytes, at, name)
    at = writeText(bytes, at, attribute.DataType)
    at = bytes.writeUInt8(attribute.BinaryValue === undefined ? STRING_TRANSPORT : BINARY_TRANSPORT, at)
    at = writeText(bytes, at, attribute.BinaryValue ?? attribute.StringValue ?? '', encodingOf(attribute))
  }
  return hash('md5', bytes, 'hex')
}

const digestedBytes = (name: string, attribute: MessageAttribute): number =>
  3 * LENGTH_BYTES + 1 + Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + sizeOfAttribute(attribute)

const encodingOf = ({ BinaryValue }: MessageAttribute) => (BinaryValue === undefined ? 'utf8' : 'base64')

/** With its length before it. @returns where it ends */
function writeText(bytes: Buffer, at: number, text: string, encoding: BufferEncoding = 'utf8'): number {
  const start = at + LENGTH_BYTES
  const end = start + bytes.write(text, start, encoding)
  bytes.writeUInt32BE(end - start, at)
  return end
}

import { hash } from 'node:crypto'

/** A message attribute as it is kept and as it goes over the wire; `BinaryValue` is base64. */
export interface MessageAttribute {
  readonly DataType: string
  readonly StringValue?: string
  readonly BinaryValue?: string
}

const STRING_TRANSPORT = Buffer.of(1)
const BINARY_TRANSPORT = Buffer.of(2)

export function md5OfText(text: string): string {
  return hash('md5', text, 'hex')
}

/** The bytes of an attribute's value, as they count towards the size and the digest. */
export function bytesOfAttribute(attribute: MessageAttribute): Buffer {
  return attribute.BinaryValue === undefined
    ? Buffer.from(attribute.StringValue ?? '')
    : Buffer.from(attribute.BinaryValue, 'base64')
}

/**
 * MD5OfMessageAttributes: the attributes in order of name, each as length-prefixed name and data type, a byte for the
 * transport type and the length-prefixed value (SQS developer guide, "Calculating the MD5 message digest for message
 * attributes"). Undefined for no attributes.
 */
export function md5OfAttributes(attributes: ReadonlyMap<string, MessageAttribute>): string | undefined {
  if (attributes.size === 0) return undefined
  const parts: Buffer[] = []
  for (const [name, attribute] of [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    pushLengthPrefixed(parts, Buffer.from(name))
    pushLengthPrefixed(parts, Buffer.from(attribute.DataType))
    parts.push(attribute.BinaryValue === undefined ? STRING_TRANSPORT : BINARY_TRANSPORT)
    pushLengthPrefixed(parts, bytesOfAttribute(attribute))
  }
  return hash('md5', Buffer.concat(parts), 'hex')
}

function pushLengthPrefixed(parts: Buffer[], bytes: Buffer): void {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  parts.push(length, bytes)
}

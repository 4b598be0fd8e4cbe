import type { Properties } from '../../model/message.ts'
import { type ByteReader, MalformedBytes } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readSeconds, readTable, writeTable } from './field-table.ts'
import { BASIC_CLASS, type HeaderFrame } from './frame.ts'
import { ProtocolError } from './protocol-error.ts'

type PropertyType = 'shortstr' | 'table' | 'octet' | 'timestamp'

/** The properties in the order of the wire; the first has the highest flag (amqp-contract §1). */
const PROPERTIES: readonly (readonly [name: keyof Properties, type: PropertyType])[] = [
  ['content_type', 'shortstr'],
  ['content_encoding', 'shortstr'],
  ['headers', 'table'],
  ['delivery_mode', 'octet'],
  ['priority', 'octet'],
  ['correlation_id', 'shortstr'],
  ['reply_to', 'shortstr'],
  ['expiration', 'shortstr'],
  ['message_id', 'shortstr'],
  ['timestamp', 'timestamp'],
  ['type', 'shortstr'],
  ['user_id', 'shortstr'],
  ['app_id', 'shortstr'],
  ['cluster_id', 'shortstr'],
]

const HIGHEST_FLAG = 0x8000
/** Flags that no property has: what would follow them is unknown. */
const UNKNOWN_FLAGS = 0b11

type ContentHeader = Omit<HeaderFrame, 'type' | 'channel'>

const NOTHING: Pick<ContentHeader, 'bodySize' | 'properties'> = { bodySize: 0, properties: {} }

/** Reads the payload of a content header frame. Throws ProtocolError 502 for properties that cannot be read. */
export function readContentHeader(reader: ByteReader): ContentHeader {
  try {
    const [classId, weight] = [reader.short(), reader.short()]
    if (classId !== BASIC_CLASS || weight !== 0) return { classId, weight, ...NOTHING }
    const bodySize = reader.longlong()
    const properties = readProperties(reader)
    if (!reader.isAtEnd) throw new MalformedBytes('surplus bytes')
    return { classId, weight, bodySize, properties }
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error
    throw new ProtocolError(502, `cannot decode a content header: ${error.message}`)
  }
}

function readProperties(reader: ByteReader): Properties {
  const flags = reader.short()
  if ((flags & UNKNOWN_FLAGS) !== 0) throw new MalformedBytes(`unknown flags ${flags & UNKNOWN_FLAGS}`)
  const properties: Record<string, unknown> = {}
  let flag = HIGHEST_FLAG
  for (const [name, type] of PROPERTIES) {
    if ((flags & flag) !== 0) properties[name] = readProperty(reader, type)
    flag >>= 1
  }
  return properties
}

function readProperty(reader: ByteReader, type: PropertyType): unknown {
  if (type === 'shortstr') return reader.shortstr()
  if (type === 'octet') return reader.octet()
  return type === 'table' ? readTable(reader) : readSeconds(reader)
}

/** Writes the payload of a content header frame. Throws RangeError for a short string beyond 255 bytes. */
export function writeContentHeader(writer: ByteWriter, bodySize: number, properties: Properties): void {
  writer.short(BASIC_CLASS)
  writer.short(0)
  writer.longlong(bodySize)
  writer.short(flagsOf(properties))
  for (const [name, type] of PROPERTIES) {
    if (properties[name] !== undefined) writeProperty(writer, type, properties[name])
  }
}

function flagsOf(properties: Properties): number {
  let flags = 0
  let flag = HIGHEST_FLAG
  for (const [name] of PROPERTIES) {
    if (properties[name] !== undefined) flags |= flag
    flag >>= 1
  }
  return flags
}

function writeProperty(writer: ByteWriter, type: PropertyType, value: unknown): void {
  if (type === 'shortstr') writer.shortstr(value as string)
  else if (type === 'octet') writer.octet(value as number)
  else if (type === 'table') writeTable(writer, value as Parameters<typeof writeTable>[1])
  else writer.longlong(value as number)
}

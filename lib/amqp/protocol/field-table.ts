import { type AmqpTable, type AmqpValue, Typed, type TypedName } from '../../model/amqp-value.ts'
import { MAX_TABLE_DEPTH } from '../../model/message.ts'
import { type ByteReader, MalformedBytes } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** The type octets of a table's values (amqp-contract §1). RabbitMQ writes `l` where it has read `L`, and so do we. */
const TYPE = {
  bool: 't',
  int8: 'b',
  uint8: 'B',
  int16: 's',
  uint16: 'u',
  int32: 'I',
  uint32: 'i',
  int64: 'l',
  float: 'f',
  double: 'd',
  decimal: 'D',
  text: 'S',
  bytes: 'x',
  array: 'A',
  table: 'F',
  timestamp: 'T',
  void: 'V',
} as const

const INT64_AS_QPID_HAS_IT = 'L'

/**
 * Reads a table. Of a name that comes twice the last counts. Throws {@link MalformedBytes} for types that are unknown, for
 * nesting beyond {@link MAX_TABLE_DEPTH} and for timestamps that a number cannot hold.
 */
export function readTable(reader: ByteReader, depth = 0): AmqpTable {
  assertDepth(depth)
  const fields = reader.nested()
  const table: AmqpTable = {}
  while (!fields.isAtEnd) {
    const name = fields.shortstr()
    setField(table, name, readValue(fields, depth))
  }
  return table
}

/** An assignment, except that `__proto__` is a name like any other. */
function setField(table: AmqpTable, name: string, value: AmqpValue): void {
  if (name !== '__proto__') table[name] = value
  else Object.defineProperty(table, name, { value, enumerable: true, configurable: true, writable: true })
}

function readArray(reader: ByteReader, depth: number): AmqpValue[] {
  assertDepth(depth)
  const elements = reader.nested()
  const array: AmqpValue[] = []
  while (!elements.isAtEnd) array.push(readValue(elements, depth))
  return array
}

function assertDepth(depth: number): void {
  if (depth > MAX_TABLE_DEPTH) throw new MalformedBytes(`tables and arrays nest deeper than ${MAX_TABLE_DEPTH}`, 502)
}

function readValue(reader: ByteReader, depth: number): AmqpValue {
  const type = String.fromCharCode(reader.octet())
  switch (type) {
    case TYPE.text:
      return valueOfText(reader.textOrBytes())
    case TYPE.bool:
      return reader.octet() !== 0
    case TYPE.void:
      return null
    case TYPE.int64:
    case INT64_AS_QPID_HAS_IT:
      return valueOfInt64(reader.int64())
    case TYPE.double:
      return valueOfDouble(reader.double())
    case TYPE.array:
      return readArray(reader, depth + 1)
    case TYPE.table:
      return readTable(reader, depth + 1)
    default:
      return readTyped(reader, type)
  }
}

type ReadTyped = (reader: ByteReader) => Typed

/** The values that plain JavaScript has no form of, by their type octet. */
const TYPED_READERS: ReadonlyMap<string, ReadTyped> = new Map<string, ReadTyped>([
  [TYPE.int8, (reader) => new Typed('int8', reader.int8())],
  [TYPE.uint8, (reader) => new Typed('uint8', reader.octet())],
  [TYPE.int16, (reader) => new Typed('int16', reader.int16())],
  [TYPE.uint16, (reader) => new Typed('uint16', reader.short())],
  [TYPE.int32, (reader) => new Typed('int32', reader.int32())],
  [TYPE.uint32, (reader) => new Typed('uint32', reader.long())],
  [TYPE.float, (reader) => new Typed('float', reader.float())],
  [TYPE.decimal, (reader) => new Typed('decimal', `${reader.octet()}:${reader.long()}`)],
  [TYPE.timestamp, (reader) => new Typed('timestamp', readSeconds(reader))],
  [TYPE.bytes, (reader) => new Typed('bytes', reader.bytes())],
])

function readTyped(reader: ByteReader, type: string): Typed {
  const read = TYPED_READERS.get(type)
  if (read === undefined) throw new MalformedBytes(`unknown type ${JSON.stringify(type)} in a table`, 502)
  return read(reader)
}

const valueOfText = (text: string | Uint8Array): AmqpValue =>
  typeof text === 'string' ? text : new Typed('bytes', text)

const valueOfInt64 = (value: number | bigint): AmqpValue =>
  typeof value === 'number' ? value : new Typed('int64', value)

const valueOfDouble = (value: number): AmqpValue =>
  Number.isInteger(value) || !Number.isFinite(value) ? new Typed('double', value) : value

/** The largest number that fits the wire. */
const MAX_SECONDS = 2 ** 64 - 2 ** 11

/** Seconds since 1970. Clients write milliseconds and nanoseconds too; what is beyond 2^53 is rounded. */
export const readSeconds = (reader: ByteReader): number => Math.min(reader.longlong(), MAX_SECONDS)

/** Writes a table, every value with the type that it came with. Throws RangeError for a name longer than 255 bytes. */
export function writeTable(writer: ByteWriter, table: AmqpTable): void {
  const lengthAt = writer.startLength()
  for (const [name, value] of Object.entries(table)) {
    writer.shortstr(name)
    writeValue(writer, value)
  }
  writer.endLength(lengthAt)
}

function writeValue(writer: ByteWriter, value: AmqpValue): void {
  if (typeof value === 'string') {
    writer.character(TYPE.text)
    writer.longstr(value)
  } else if (typeof value === 'boolean') {
    writer.character(TYPE.bool)
    writer.octet(value ? 1 : 0)
  } else if (typeof value === 'number') {
    writeNumber(writer, value)
  } else if (value === null) {
    writer.character(TYPE.void)
  } else if (value instanceof Typed) {
    writer.character(TYPE[value.type])
    TYPED_WRITERS[value.type](writer, value.value)
  } else if (Array.isArray(value)) {
    writer.character(TYPE.array)
    const lengthAt = writer.startLength()
    for (const element of value) writeValue(writer, element)
    writer.endLength(lengthAt)
  } else {
    writer.character(TYPE.table)
    writeTable(writer, value)
  }
}

/** A plain number is a long where it is integral, else a double. */
function writeNumber(writer: ByteWriter, value: number): void {
  const isLong = Number.isInteger(value)
  writer.character(isLong ? TYPE.int64 : TYPE.double)
  if (isLong) writer.int64(BigInt(value))
  else writer.double(value)
}

type WriteTyped = (writer: ByteWriter, value: Typed['value']) => void

const TYPED_WRITERS: Readonly<Record<TypedName, WriteTyped>> = {
  int8: (writer, value) => writer.octet(Number(value)),
  uint8: (writer, value) => writer.octet(Number(value)),
  int16: (writer, value) => writer.int16(Number(value)),
  uint16: (writer, value) => writer.short(Number(value)),
  int32: (writer, value) => writer.int32(Number(value)),
  uint32: (writer, value) => writer.long(Number(value)),
  int64: (writer, value) => writer.int64(BigInt(value as bigint)),
  float: (writer, value) => writer.float(Number(value)),
  double: (writer, value) => writer.double(Number(value)),
  timestamp: (writer, value) => writer.longlong(Number(value)),
  decimal: (writer, value) => writeDecimal(writer, String(value)),
  bytes: (writer, value) => writer.bytes(value as Uint8Array),
}

function writeDecimal(writer: ByteWriter, text: string): void {
  const [scale = '0', unscaled = '0'] = text.split(':')
  writer.octet(Number(scale))
  writer.long(Number(unscaled))
}

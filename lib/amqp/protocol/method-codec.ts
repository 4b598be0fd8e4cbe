import { type ByteReader, MalformedBytes } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readTable, writeTable } from './field-table.ts'
import { type FieldType, type FieldValues, METHODS, type Method, type MethodName } from './methods.ts'
import { ProtocolError } from './protocol-error.ts'

interface Field {
  readonly name: string
  readonly type: FieldType
  readonly isReserved: boolean
  /** Of a bit: its place in the octet that it shares with the bits before it. */
  readonly bit: number
}

interface Codec {
  readonly name: MethodName
  readonly classId: number
  readonly methodId: number
  readonly fields: readonly Field[]
}

const CODECS: readonly Codec[] = (Object.keys(METHODS) as MethodName[]).map((name) => {
  const [classId, methodId, types] = METHODS[name]
  return { name, classId, methodId, fields: fieldsOf(Object.entries(types)) }
})

function fieldsOf(types: readonly [name: string, type: FieldType][]): Field[] {
  let bit = 0
  return types.map(([name, type]) => {
    const place = type === 'bit' ? bit : 0
    bit = type === 'bit' ? bit + 1 : 0
    return { name, type, isReserved: name.startsWith('_'), bit: place }
  })
}

const idOf = (classId: number, methodId: number): number => classId * 65_536 + methodId

const BY_ID: ReadonlyMap<number, Codec> = new Map(
  CODECS.map((codec) => [idOf(codec.classId, codec.methodId), codec] as const),
)
const BY_NAME: ReadonlyMap<MethodName, Codec> = new Map(CODECS.map((codec) => [codec.name, codec] as const))

/**
 * Reads the payload of a method frame. Throws ProtocolError 503 for an unknown method, 501 for arguments that end too
 * early, too late or in bytes that are no text, and 502 for tables that are none.
 */
export function readMethod(reader: ByteReader): Method {
  const [classId, methodId] = readIds(reader)
  const codec = BY_ID.get(idOf(classId, methodId))
  if (codec === undefined) throw new ProtocolError(503, `unknown method ${methodId} of class ${classId}`)
  try {
    const method = readFields(codec, reader)
    if (!reader.isAtEnd) throw new MalformedBytes('surplus bytes')
    return method
  } catch (error) {
    throw asProtocolError(error, codec)
  }
}

function readIds(reader: ByteReader): [classId: number, methodId: number] {
  try {
    return [reader.short(), reader.short()]
  } catch (error) {
    throw asProtocolError(error, undefined)
  }
}

/** With the method that it is about, where that is known. */
function asProtocolError(error: unknown, codec: Codec | undefined): unknown {
  const ids = codec === undefined ? {} : { classId: codec.classId, methodId: codec.methodId }
  const what = codec?.name ?? 'a method'
  if (error instanceof MalformedBytes)
    return new ProtocolError(error.code, `cannot decode ${what}: ${error.message}`, ids)
  return error
}

function readFields({ name, fields }: Codec, reader: ByteReader): Method {
  const method: Record<string, unknown> = { name }
  let bits = 0
  for (const { name: field, type, isReserved, bit } of fields) {
    if (type === 'bit' && bit === 0) bits = reader.octet()
    const value = type === 'bit' ? ((bits >> bit) & 1) === 1 : READERS[type](reader)
    if (!isReserved) method[field] = value
  }
  // `Method` is derived from the table that says which fields were read (methods.ts).
  return method as unknown as Method
}

type WholeType = Exclude<FieldType, 'bit'>

const READERS: { readonly [Type in WholeType]: (reader: ByteReader) => FieldValues[Type] } = {
  octet: (reader) => reader.octet(),
  short: (reader) => reader.short(),
  long: (reader) => reader.long(),
  longlong: (reader) => reader.longlong(),
  shortstr: (reader) => reader.shortstr(),
  longstr: (reader) => reader.longstr(),
  bytes: (reader) => reader.bytes(),
  table: (reader) => readTable(reader),
}

/** Writes the payload of a method frame. Throws RangeError for a short string beyond 255 bytes and a number out of range. */
export function writeMethod(writer: ByteWriter, method: Method): void {
  const codec = BY_NAME.get(method.name)
  if (codec === undefined) throw new TypeError(`unknown method ${method.name}`)
  writer.short(codec.classId)
  writer.short(codec.methodId)
  // By the names that the table of methods has, as `Method` does.
  writeFields(writer, codec.fields, method as unknown as Readonly<Record<string, unknown>>)
}

function writeFields(writer: ByteWriter, fields: readonly Field[], values: Readonly<Record<string, unknown>>): void {
  let bits = 0
  for (const [index, { name, type, isReserved, bit }] of fields.entries()) {
    if (type !== 'bit') {
      const write = WRITERS[type] as Write<unknown>
      write(writer, isReserved ? ZEROS[type] : values[name])
      continue
    }
    bits |= !isReserved && values[name] === true ? 1 << bit : 0
    if (fields[index + 1]?.type === 'bit') continue
    writer.octet(bits)
    bits = 0
  }
}

/** What reserved fields are sent as. */
const ZEROS: { readonly [Type in WholeType]: FieldValues[Type] } = {
  octet: 0,
  short: 0,
  long: 0,
  longlong: 0,
  shortstr: '',
  longstr: '',
  bytes: new Uint8Array(0),
  table: {},
}

type Write<Value> = (writer: ByteWriter, value: Value) => void

const WRITERS: { readonly [Type in WholeType]: Write<FieldValues[Type]> } = {
  octet: (writer, value) => writer.octet(value),
  short: (writer, value) => writer.short(value),
  long: (writer, value) => writer.long(value),
  longlong: (writer, value) => writer.longlong(value),
  shortstr: (writer, value) => writer.shortstr(value),
  longstr: (writer, value) => writer.longstr(value),
  bytes: (writer, value) => writer.bytes(value),
  table: writeTable,
}

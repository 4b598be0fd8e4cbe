import { type AmqpTable, fieldOf, Typed } from '../../model/amqp-value.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { readTable } from '../protocol/field-table.ts'

/** Who a client says it is. `external` leaves that to its certificate (contract §3). */
export type Login =
  | { readonly type: 'password'; readonly name: string; readonly password: string }
  | { readonly type: 'external' }

export type Mechanism = 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL'

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The login that a response of a mechanism holds, or undefined where it is not one. */
export function readLogin(mechanism: Mechanism, response: Uint8Array): Login | undefined {
  try {
    switch (mechanism) {
      case 'PLAIN':
        return readPlain(response)
      case 'AMQPLAIN':
        return readAmqPlain(response)
      case 'EXTERNAL':
        return { type: 'external' }
    }
  } catch {
    return undefined
  }
}

/** RFC 4616, without an identity to act as: NUL, name, NUL, password. */
function readPlain(response: Uint8Array): Login | undefined {
  const [authorisation, name, password, ...more] = UTF8.decode(response).split('\0')
  if (authorisation !== '' || name === undefined || password === undefined || more.length > 0) return undefined
  return { type: 'password', name, password }
}

/** A field table without its length. */
function readAmqPlain(response: Uint8Array): Login | undefined {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(response.length)
  const bytes = Buffer.concat([length, response])
  const table = readTable(new ByteReader(bytes, 0, bytes.length))
  const [name, password] = [textOf(table, 'LOGIN'), textOf(table, 'PASSWORD')]
  return name === undefined || password === undefined ? undefined : { type: 'password', name, password }
}

function textOf(table: AmqpTable, field: string): string | undefined {
  const value = fieldOf(table, field)
  if (value instanceof Typed && value.value instanceof Uint8Array) return UTF8.decode(value.value)
  return typeof value === 'string' ? value : undefined
}

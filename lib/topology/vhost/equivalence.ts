import {
  type AmqpTable,
  type AmqpValue,
  equalValues,
  fieldOf,
  integerOf,
  isTable,
  Typed,
  typeName,
} from '../../model/amqp-value.ts'
import { preconditionFailed } from '../../model/errors.ts'

/** Throws RabbitMQ's text when a redeclared flag differs (contract §2.1). `object` as `describeObject` prints it. */
export function assertEquivalentFlag(
  object: string,
  flag: string,
  received: string | boolean,
  current: string | boolean,
): void {
  if (received !== current) throw inequivalent(flag, object, `'${received}'`, `'${current}'`)
}

/**
 * Throws RabbitMQ's text when a redeclared argument differs: integers compare by value, others by type and value,
 * absent is not present (contract §2.1).
 */
export function assertEquivalentArgument(object: string, name: string, received: AmqpTable, current: AmqpTable): void {
  const [left, right] = [fieldOf(received, name), fieldOf(current, name)]
  if (equalValues(left, right)) return
  if (left !== undefined && right !== undefined) {
    throw inequivalent(name, object, `'${printValue(left)}'`, `'${printValue(right)}'`)
  }
  throw inequivalent(name, object, printOne(left), printOne(right))
}

const inequivalent = (name: string, object: string, received: string, current: string) =>
  preconditionFailed(`inequivalent arg '${name}' for ${object}: received ${received} but current is ${current}`)

const printOne = (value: AmqpValue | undefined): string =>
  value === undefined ? 'none' : `the value '${printValue(value)}' of type '${typeName(value)}'`

function printValue(value: AmqpValue): string {
  const integer = integerOf(value)
  if (integer !== undefined) return String(integer)
  if (value instanceof Typed) return value.value instanceof Uint8Array ? '<bytes>' : String(value.value)
  return Array.isArray(value) || isTable(value) ? JSON.stringify(value) : String(value)
}

import { type AmqpTable, typeName } from '../../model/amqp-value.ts'
import { preconditionFailed } from '../../model/errors.ts'

/**
 * Throws `precondition-failed` in RabbitMQ's words when an argument that names an exchange is anything but a text. The
 * exchange need not exist. `object` as `describeObject` prints it.
 */
export function assertExchangeNameArgument(object: string, name: string, args: AmqpTable): void {
  const value = args[name]
  if (value === undefined || typeof value === 'string') return
  throw preconditionFailed(`invalid type '${typeName(value)}' for arg '${name}' in ${object}`)
}

import { type AmqpTable, fieldOf, isTable } from '../../model/amqp-value.ts'
import type { Mechanism } from './sasl.ts'

/** What a client says of itself in start-ok. */
export interface Client {
  readonly properties: AmqpTable
  readonly mechanism: Mechanism
}

/** What a client may understand beyond the specification; what it does not name is not sent to it (contract §3). */
export type Capability = 'consumer_cancel_notify' | 'connection.blocked' | 'authentication_failure_close'

export function isCapable({ properties }: Pick<Client, 'properties'>, capability: Capability): boolean {
  const capabilities = fieldOf(properties, 'capabilities')
  return isTable(capabilities) && fieldOf(capabilities, capability) === true
}

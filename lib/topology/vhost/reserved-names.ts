import { accessRefused, type BrokerError } from '../../model/errors.ts'
import { describeObject } from '../../model/names.ts'

/** The text of RabbitMQ's management for refusals; the reason says no more, so that nothing about other objects is revealed. */
const ACCESS_REFUSED = 'Access refused.'

/** For what clients want to make under a name of ours (contract §2.2). */
export const reservedName = (kind: 'exchange' | 'queue', name: string): BrokerError =>
  accessRefused(ACCESS_REFUSED, `${kind} name '${name}' contains reserved prefix 'amq.*'`)

/** For those who change what every vhost has. */
export const systemExchange = (name: string, vhost: string): BrokerError =>
  accessRefused(ACCESS_REFUSED, `deletion of system ${describeObject('exchange', name, vhost)} not allowed`)

/** The default exchange cannot be declared, deleted, bound or unbound by anybody (contract §2.2). */
export const defaultExchange = (): BrokerError =>
  accessRefused(ACCESS_REFUSED, 'operation not permitted on the default exchange')

import type { Settlement } from '../broker/settle.ts'
import { type AmqpTable, type AmqpValue, isTable } from '../model/amqp-value.ts'
import { BrokerError, invalid } from '../model/errors.ts'
import { MAX_VISIBILITY_S } from '../model/queue.ts'
import { assertFields, field, optionalBoolean, optionalInteger } from './body.ts'

const ACTIONS: readonly Settlement['action'][] = ['ack', 'nack', 'reject', 'extend']

/** An entry of a settle body (docs/api.md), or why it cannot be read. */
export function parseSettlement(entry: AmqpValue): Settlement | BrokerError {
  try {
    if (!isTable(entry)) throw invalid('an entry must be a JSON object')
    return settlementOf(entry)
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

function settlementOf(entry: AmqpTable): Settlement {
  assertFields(entry, ['delivery_tag', 'action'])
  const deliveryTag = field(entry, 'delivery_tag')
  if (typeof deliveryTag !== 'string') throw invalid(['not_string', 'delivery_tag'])
  const action = ACTIONS.find((known) => known === entry.action)
  if (!action) throw invalid(`action must be one of ${ACTIONS.join(', ')}`)
  const requeue = optionalBoolean(entry, 'requeue')
  const delayS = optionalInteger(entry, 'delay', [0, MAX_VISIBILITY_S])
  const visibilityS = optionalInteger(entry, 'visibility', [0, MAX_VISIBILITY_S])
  return {
    deliveryTag,
    action,
    ...(requeue !== undefined && { requeue }),
    ...(delayS !== undefined && { delayS }),
    ...(visibilityS !== undefined && { visibilityS }),
  }
}

/** The delivery tag of an entry, whatever else is wrong with it. */
export function deliveryTagOf(entry: AmqpValue): string | undefined {
  const deliveryTag = isTable(entry) ? field(entry, 'delivery_tag') : undefined
  return typeof deliveryTag === 'string' ? deliveryTag : undefined
}

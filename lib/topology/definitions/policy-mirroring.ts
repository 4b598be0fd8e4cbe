import { type AmqpTable, type AmqpValue, fieldOf, integerOf } from '../../model/amqp-value.ts'
import { erlangTerm } from '../../model/erlang-term.ts'

/** RabbitMQ 3's mirroring, which SQS needs no words for. Such settings are checked, kept and shown (contract §1.5). */
export const isMirroringSetting = (name: string): boolean => name.startsWith('ha-')

const PROMOTIONS = ['always', 'when-synced']

/** What is wrong with the `ha-*` settings of a policy, which are judged together, in RabbitMQ's words. */
export function mirroringComplaint(definition: AmqpTable): string | undefined {
  if (!Object.keys(definition).some(isMirroringSetting)) return undefined
  const mode = fieldOf(definition, 'ha-mode')
  if (mode === undefined) {
    return 'ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown'
  }
  return (
    modeComplaint(mode, fieldOf(definition, 'ha-params')) ??
    choiceComplaint(definition, 'ha-sync-mode', ['manual', 'automatic']) ??
    batchSizeComplaint(fieldOf(definition, 'ha-sync-batch-size')) ??
    choiceComplaint(definition, 'ha-promote-on-shutdown', PROMOTIONS) ??
    choiceComplaint(definition, 'ha-promote-on-failure', PROMOTIONS)
  )
}

function modeComplaint(mode: AmqpValue, params: AmqpValue | undefined): string | undefined {
  if (mode === 'all') return params === undefined ? undefined : 'ha-mode="all" does not take parameters'
  if (mode === 'exactly') {
    return isPositive(params) ? undefined : `ha-mode="exactly" takes an integer, ${printed(params)} given`
  }
  if (mode === 'nodes') return nodesComplaint(params)
  return `${erlangTerm(mode)} is not a valid ha-mode value`
}

function nodesComplaint(nodes: AmqpValue | undefined): string | undefined {
  if (!Array.isArray(nodes)) return `ha-mode="nodes" takes a list, ${printed(nodes)} given`
  if (nodes.length === 0) return 'ha-mode="nodes" list must be non-empty'
  const invalid = nodes.filter((node) => typeof node !== 'string')
  if (invalid.length === 0) return undefined
  return `ha-mode="nodes" takes a list of strings, ${erlangTerm(invalid)} was not a string`
}

function batchSizeComplaint(size: AmqpValue | undefined): string | undefined {
  if (size === undefined || isPositive(size)) return undefined
  return `ha-sync-batch-size takes an integer greater than 0, ${erlangTerm(size)} given`
}

function choiceComplaint(definition: AmqpTable, name: string, allowed: readonly string[]): string | undefined {
  const value = fieldOf(definition, name)
  if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return undefined
  return `${name} must be ${allowed.map((choice) => `"${choice}"`).join(' or ')}, got ${erlangTerm(value)}`
}

const isPositive = (value: AmqpValue | undefined): boolean => Number(integerOf(value) ?? 0) > 0

/** What is missing is an atom of RabbitMQ's. */
const printed = (value: AmqpValue | undefined): string => (value === undefined ? 'none' : erlangTerm(value))

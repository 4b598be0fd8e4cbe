import { type AmqpTable, type AmqpValue, fieldOf, integerOf, isTable } from '../../model/amqp-value.ts'
import { erlangPairs, erlangTerm } from '../../model/erlang-term.ts'
import { BrokerError, invalid } from '../../model/errors.ts'
import { assertName } from '../../model/names.ts'
import { compilePattern } from '../../model/pattern.ts'
import type { Policy } from '../vhost/events.ts'
import { mirroringComplaint } from './policy-mirroring.ts'
import { POLICY_SETTINGS, type PolicyKind, type PolicySetting } from './policy-settings.ts'

const TARGETS: Readonly<Record<PolicyKind, readonly string[]>> = {
  policy: ['queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', 'all'],
  'operator-policy': ['queues', 'classic_queues', 'quorum_queues', 'streams', 'all'],
}

/**
 * A policy as a client or a file writes it: `{pattern, definition, priority, "apply-to"}` (contract §1.5). Throws
 * `invalid` in RabbitMQ's words ("Validation failed"), which escape `<` and `>` for policies but not for operator policies.
 */
export function parsePolicy(kind: PolicyKind, name: string, body: AmqpTable): Policy {
  assertName(name, 'the policy name')
  const complaint = complaintOf(kind, body)
  if (complaint !== undefined) {
    throw validationFailed(kind === 'policy' ? escaped(complaint) : complaint)
  }
  return {
    name,
    pattern: textIn(body, 'pattern'),
    applyTo: textIn(body, 'apply-to') || 'all',
    definition: tableIn(body, 'definition'),
    priority: Number(integerOf(fieldOf(body, 'priority')) ?? 0),
  }
}

/** RabbitMQ's refusal of a parameter, policy or limit. */
export const validationFailed = (complaint: string): BrokerError => invalid(`Validation failed\n\n${complaint}\n`)

/** A text as RabbitMQ makes it safe to be shown on a page. */
export const escaped = (text: string): string => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A policy in the form of {@link parsePolicy}, as exports and operator policies hold it. */
export const policyBody = ({ pattern, applyTo, definition, priority }: Policy): AmqpTable => ({
  pattern,
  'apply-to': applyTo,
  definition: { ...definition },
  priority,
})

/** What is wrong with each field, a line for each, in RabbitMQ's order. */
function complaintOf(kind: PolicyKind, body: AmqpTable): string | undefined {
  const complaints = [
    definitionComplaint(kind, fieldOf(body, 'definition')),
    targetComplaint(TARGETS[kind], fieldOf(body, 'apply-to')),
    patternComplaint(fieldOf(body, 'pattern')),
    priorityComplaint(fieldOf(body, 'priority')),
  ].filter((complaint) => complaint !== undefined)
  return complaints.length === 0 ? undefined : complaints.join('\n')
}

function patternComplaint(pattern: AmqpValue | undefined): string | undefined {
  if (typeof pattern !== 'string') return `pattern should be a binary but was ${erlangTerm(pattern ?? null)}`
  try {
    compilePattern(pattern)
    return undefined
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    const { reason } = error
    return `pattern should be regular expression but is invalid: ${typeof reason === 'string' ? reason : reason.at(-1)}`
  }
}

function priorityComplaint(priority: AmqpValue | undefined): string | undefined {
  if (priority === undefined || Number.isSafeInteger(integerOf(priority))) return undefined
  return `priority should be a number, actually was ${erlangTerm(priority)}`
}

function targetComplaint(targets: readonly string[], target: AmqpValue | undefined): string | undefined {
  if (target === undefined || (typeof target === 'string' && targets.includes(target))) return undefined
  const printed = typeof target === 'string' ? target : erlangTerm(target)
  return `apply-to '${printed}' unrecognised; should be one of: ${targets.map((name) => `'${name}'`).join(', ')}`
}

function definitionComplaint(kind: PolicyKind, definition: AmqpValue | undefined): string | undefined {
  if (!isTable(definition)) return `definition should be a JSON object, actually was ${erlangTerm(definition ?? null)}`
  const settings = Object.entries(definition)
  if (settings.length === 0) return 'no policy provided'
  const unknown = settings.filter(([name]) => POLICY_SETTINGS.get(name)?.kinds.includes(kind) !== true)
  if (unknown.length > 0) return `${erlangPairs(unknown)} are not recognised policy settings`
  for (const [name, value] of settings) {
    const setting = POLICY_SETTINGS.get(name)
    if (setting && !setting.accepts(value)) return refusalOf(setting, erlangTerm(value))
  }
  return mirroringComplaint(definition)
}

const refusalOf = ({ noun, refusal }: PolicySetting, printedValue: string): string =>
  refusal?.(printedValue) ?? `${printedValue} is not a valid ${noun}`

const textIn = (body: AmqpTable, name: string): string => String(fieldOf(body, name) ?? '')

function tableIn(body: AmqpTable, name: string): AmqpTable {
  const value = fieldOf(body, name)
  return isTable(value) ? value : {}
}

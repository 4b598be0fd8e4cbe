import { withoutArgumentsHash } from '../differences.ts'
import type { Answer } from './broker.ts'
import { canonicalJson, isObject, type JsonObject, objectsOf, pickFields } from './json.ts'

const bindingFields = [
  'source',
  'vhost',
  'destination',
  'destination_type',
  'routing_key',
  'arguments',
  'properties_key',
]
const exchangeFields = ['name', 'vhost', 'type', 'durable', 'auto_delete', 'internal', 'arguments']
const queueFields = ['name', 'vhost', 'durable', 'auto_delete', 'exclusive', 'arguments', 'type']
const policyFields = ['vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority']
const permissionFields = ['user', 'vhost', 'configure', 'write', 'read']
const topicPermissionFields = ['user', 'vhost', 'exchange', 'write', 'read']

/**
 * Which fields of an answer must agree, by the path that was asked, the first match counting. What is left out is
 * statistics, nodes, salts, or fields that only newer versions have.
 */
const stableFields: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/(bindings\/|queues\/[^/]*\/[^/]*\/bindings|exchanges\/[^/]*\/[^/]*\/bindings\/)/, bindingFields],
  [/^\/exchanges\/[^/]*\/[^/]*\/publish/, ['routed']],
  [/^\/exchanges\b/, exchangeFields],
  [/^\/queues\/[^/]*\/[^/]*\/get/, ['payload_bytes']],
  [/^\/queues\b/, queueFields],
  [/^\/(vhosts|users)\/[^/]*\/permissions/, permissionFields],
  [/^\/(vhosts|users)\/[^/]*\/topic-permissions/, topicPermissionFields],
  [/^\/vhosts\b/, ['name', 'description', 'tags', 'tracing']],
  [/^\/users\b/, ['name', 'tags', 'hashing_algorithm', 'limits']],
  [/^\/permissions\b/, permissionFields],
  [/^\/topic-permissions\b/, topicPermissionFields],
  [/^\/(operator-)?policies\b/, policyFields],
  [/^\/parameters\b/, ['vhost', 'component', 'name', 'value']],
  [/^\/global-parameters\b/, ['name', 'value']],
  [/^\/(vhost|user)-limits\b/, ['vhost', 'user', 'value']],
]

/** What of a successful answer's body must agree: each item's stable fields, items in a fixed order. */
export function describeBody(path: string, { json, text }: Answer): string {
  const fields = stableFields.find(([pattern]) => pattern.test(path))?.[1]
  if (json === undefined || fields === undefined) return text
  if (isObject(json)) return describeItem(json, fields)
  return objectsOf(json)
    .map((item) => describeItem(item, fields))
    .sort()
    .join('\n')
}

const exportedSections: Readonly<Record<string, readonly string[]>> = {
  exchanges: ['name', 'type', 'durable', 'auto_delete', 'arguments'],
  queues: ['name', 'durable', 'auto_delete', 'arguments'],
  bindings: ['source', 'destination', 'destination_type', 'routing_key', 'arguments'],
  policies: ['name', 'pattern', 'apply-to', 'definition', 'priority'],
}

/**
 * A vhost's exported objects, in a fixed order. Internal exchanges are left out, as 4.x does (contract §4.1); the
 * listing of exchanges compares them.
 */
export function describeDefinitions({ json, text }: Answer): string {
  if (!isObject(json)) return text
  const sections = Object.entries(exportedSections).map(([name, fields]) => {
    const items = objectsOf(json[name]).filter((item) => item.internal !== true)
    return [`${name}:`, ...items.map((item) => describeItem(item, fields)).sort()].join('\n')
  })
  return sections.join('\n')
}

function describeItem(item: JsonObject, fields: readonly string[]): string {
  const picked = pickFields(item, fields)
  const { properties_key: key } = picked
  return canonicalJson(typeof key === 'string' ? { ...picked, properties_key: withoutArgumentsHash(key) } : picked)
}

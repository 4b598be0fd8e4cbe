import { type AmqpTable, type AmqpValue, fieldOf, isTable } from '../../model/amqp-value.ts'
import { erlangTerm } from '../../model/erlang-term.ts'

/** What is wrong with a field of this name and value, in RabbitMQ's words. */
type Check = (name: string, value: AmqpValue) => string | undefined
type Checks = Readonly<Record<string, Check>>

/**
 * What is wrong with a parameter's value, a line for each field, in RabbitMQ's words; undefined where nothing is. Fields
 * that are not known here are kept: newer releases have more of them.
 */
type ValueCheck = (parameterName: string, value: AmqpValue) => readonly string[]

const was = (value: AmqpValue): string => `actually was ${erlangTerm(value)}`

const number: Check = (name, value) =>
  typeof value === 'number' ? undefined : `${name} should be a number, ${was(value)}`
const text: Check = (name, value) => (typeof value === 'string' ? undefined : `${name} should be binary, ${was(value)}`)
const flag: Check = (name, value) =>
  typeof value === 'boolean' ? undefined : `${name} should be boolean, ${was(value)}`
const oneOf =
  (...allowed: readonly string[]): Check =>
  (name, value) => {
    if (typeof value !== 'string') return text(name, value)
    return allowed.includes(value) ? undefined : `${name} should be one of ${erlangTerm([...allowed])}, ${was(value)}`
  }

/** One URI of AMQP, or several. */
const uris: Check = (name, value) => {
  if (typeof value === 'string') return uriComplaint(value)
  if (!Array.isArray(value)) return `${name} should be list, ${was(value)}`
  return value.map((uri) => (typeof uri === 'string' ? uriComplaint(uri) : text(name, uri))).find(Boolean)
}

function uriComplaint(uri: string): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1]
  if (scheme === 'amqp' || scheme === 'amqps') return undefined
  const cause = scheme === undefined ? '{unable_to_parse_uri,no_scheme}' : `{unexpected_uri_scheme,"${scheme}"}`
  return `"${uri}" not a valid URI: {${cause},"${uri}"}`
}

const ACK_MODE = oneOf('no-ack', 'on-publish', 'on-confirm')

/** What an upstream and a member of a set of upstreams have in common. */
const LINK_CHECKS: Checks = {
  exchange: text,
  queue: text,
  'consumer-tag': text,
  'prefetch-count': number,
  'reconnect-delay': number,
  'max-hops': number,
  expires: number,
  'message-ttl': number,
  'trust-user-id': flag,
  'ack-mode': ACK_MODE,
  'ha-policy': text,
  'bind-nowait': flag,
  'resource-cleanup-mode': oneOf('default', 'never'),
}

const SHOVEL_CHECKS: Checks = {
  'src-uri': uris,
  'dest-uri': uris,
  'src-protocol': oneOf('amqp091', 'amqp10', 'local'),
  'dest-protocol': oneOf('amqp091', 'amqp10', 'local'),
  'src-queue': text,
  'dest-queue': text,
  'src-exchange': text,
  'dest-exchange': text,
  'src-exchange-key': text,
  'dest-exchange-key': text,
  'src-address': text,
  'dest-address': text,
  'ack-mode': ACK_MODE,
  'reconnect-delay': number,
}

/** The components whose parameters clients keep here (contract §1.5), with what their values must be. They have no effect. */
export const COMPONENTS: ReadonlyMap<string, ValueCheck> = new Map([
  ['federation-upstream', checkUpstream],
  ['federation-upstream-set', checkUpstreamSet],
  ['shovel', checkShovel],
])

function checkUpstream(parameterName: string, value: AmqpValue): readonly string[] {
  const fields = isTable(value) ? value : {}
  return [...complaints({ uri: uris, ...LINK_CHECKS }, fields), ...missing(['uri'], fields, parameterName)]
}

function checkUpstreamSet(parameterName: string, value: AmqpValue): readonly string[] {
  if (isTable(value) && Object.keys(value).length === 0) return []
  if (!Array.isArray(value)) return [`${parameterName} should be list, ${was(value)}`]
  return value.flatMap((member) => {
    const fields = isTable(member) ? member : {}
    return [...complaints({ upstream: text, ...LINK_CHECKS }, fields), ...missing(['upstream'], fields, parameterName)]
  })
}

function checkShovel(parameterName: string, value: AmqpValue): readonly string[] {
  const fields = isTable(value) ? value : {}
  return [
    ...sourceComplaints(fields),
    ...complaints(SHOVEL_CHECKS, fields),
    ...missing(['dest-uri', 'src-uri'], fields, parameterName),
  ]
}

/** A shovel of AMQP 0-9-1 takes from a queue or from an exchange; one of AMQP 1.0 has an address. */
function sourceComplaints(fields: AmqpTable): readonly string[] {
  if ((fieldOf(fields, 'src-protocol') ?? 'amqp091') !== 'amqp091') return []
  const [exchange, queue] = ['src-exchange', 'src-queue'].map((name) => fieldOf(fields, name) !== undefined)
  if (exchange && queue) return ["Cannot specify 'src-exchange' and 'src-queue'"]
  return exchange || queue ? [] : ["Must specify 'src-exchange' or 'src-queue'"]
}

const complaints = (checks: Checks, fields: AmqpTable): readonly string[] =>
  Object.entries(checks).flatMap(([name, check]) => {
    const value = fieldOf(fields, name)
    const complaint = value === undefined ? undefined : check(name, value)
    return complaint === undefined ? [] : [complaint]
  })

const missing = (names: readonly string[], fields: AmqpTable, parameterName: string): readonly string[] =>
  names
    .filter((name) => fieldOf(fields, name) === undefined)
    .map((name) => `Key "${name}" not found in ${parameterName}`)

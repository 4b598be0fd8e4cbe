import fc from 'fast-check'
import type { Call } from '../support/broker.ts'
import { type Json, type JsonObject, NumberText, pickFields, stringifyJson } from '../support/json.ts'

/**
 * One request of a management sequence. Paths and bodies hold placeholders, `{v0}`, `{v1}`, `{u0}` and `{u1}`, that
 * become this case's own vhosts and users; `as` names the caller, an administrator by default.
 */
export interface Request {
  readonly method: Call['method']
  readonly path: string
  readonly body?: string
  readonly as?: 'u0' | 'u1'
}

/**
 * Deletes one of the bindings listed at `between`, the `pick`th of however many there are, by the `properties_key` that
 * each side lists for it.
 */
export interface Unbind {
  readonly between: string
  readonly pick: number
}

export type Step = Request | Unbind

export function isUnbind(step: Step): step is Unbind {
  return 'between' in step
}

/** An arbitrary that is `usual` most of the time and `rare` once in about ten. */
export function usually<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: rare, weight: 1 })
}

export const integerOf = (value: number): NumberText => new NumberText(String(value))

export const vhost: fc.Arbitrary<string> = fc.constantFrom(
  ...[
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v0}',
    '{v1}',
    '{v1}',
    'none',
  ],
)
export const user: fc.Arbitrary<string> = usually(fc.constantFrom('{u0}', '{u1}'), fc.constant('nobody'))

/** Names that exist, mostly; reserved ones and ones that are hard to carry in a path, sometimes. */
export const queueName: fc.Arbitrary<string> = usually(
  fc.constantFrom('q', 'q', 'r', 'n', 'ok/ü +%2F'),
  fc.constantFrom('amq.q', 'missing', 'n'.repeat(255), 'n'.repeat(256), 'a?b#c'),
)
export const exchangeName: fc.Arbitrary<string> = usually(
  fc.constantFrom('x', 'x', 't', 'h', 'n', 'ok/ü +%2F', 'amq.topic'),
  fc.constantFrom('amq.new', 'amq.default', 'amq.rabbitmq.trace', 'missing', 'n'.repeat(255)),
)
export const bindingKey: fc.Arbitrary<string> = fc.constantFrom('', 'k', 'a.*', '#', 'a~b', 'ü +%/', '1')

/** Bodies that are not what any call expects; `null`, `undefined` and nothing at all stand for `{}`. */
export const malformedBody: fc.Arbitrary<string> = fc.constantFrom(
  ...['{', '[]', '"x"', '"{}"', '1', 'null', 'undefined', '', ' ', '{"durable":true', '{}'],
)

export const isTrue: fc.Arbitrary<Json> = usually(
  fc.constantFrom<Json>(true, false),
  fc.constantFrom<Json>('true', 'false', 'troo', integerOf(1), null),
)

/** A record of which every field may be left out. */
export function partial(fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> {
  return fc
    .record(fields, { requiredKeys: [], noNullPrototype: true })
    .map((record) => pickFields(record as JsonObject, Object.keys(fields)))
}

export function request(method: Call['method'], path: fc.Arbitrary<string>, body?: fc.Arbitrary<Json>) {
  if (body === undefined) return path.map((value): Request => ({ method, path: value }))
  const written = usually(body.map(stringifyJson), malformedBody)
  return fc.tuple(path, written).map(([value, text]): Request => ({ method, path: value, body: text }))
}

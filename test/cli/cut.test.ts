import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutDefinitions, type Part } from '../../lib/cli/definitions/cut.ts'
import type { AmqpTable, AmqpValue } from '../../lib/model/amqp-value.ts'

/** As contract §4.2 has it. */
const ORDER = ['users', 'vhosts', 'permissions', 'exchanges', 'policies', 'parameters', 'queues', 'bindings']

const queue = (name: string, args: AmqpTable = {}): AmqpTable => ({ name, vhost: '/', arguments: args })
const binding = (destination: string, type = 'queue'): AmqpTable => ({
  source: 'amq.topic',
  vhost: '/',
  destination,
  destination_type: type,
})

const listOf = (value: AmqpValue | undefined): AmqpValue[] => (Array.isArray(value) ? value : [])

/** The objects of all parts, section by section. */
const joined = (parts: readonly Part[]): AmqpTable =>
  Object.fromEntries(ORDER.map((section) => [section, parts.flatMap(({ file }) => listOf(file[section]))]))

/** Files whose objects differ in size. */
const files = fc.record({
  queues: fc.array(
    fc.string({ minLength: 1, maxLength: 60 }).map((name) => queue(`q${name}`)),
    { maxLength: 20 },
  ),
  bindings: fc.array(
    fc.string({ maxLength: 60 }).map((key) => ({ ...binding('q'), routing_key: key })),
    { maxLength: 20 },
  ),
  users: fc.array(
    fc.string({ maxLength: 60 }).map((name) => ({ name, password_hash: '' })),
    { maxLength: 5 },
  ),
})

describe('a definitions file that is cut', () => {
  it('is whole again when its parts are joined, each within the limits, in the order of an import', () => {
    fc.assert(
      fc.property(
        files,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 120, max: 600 }),
        (file, maxObjects, maxBytes) => {
          const parts = cutDefinitions(file, undefined, { maxObjects, maxBytes })
          expect(joined(parts)).toMatchObject(file)
          for (const { file: part, count } of parts) {
            const objects = ORDER.flatMap((section) => listOf(part[section]))
            expect(objects).toHaveLength(count)
            expect(count).toBeLessThanOrEqual(maxObjects)
            const bytes = objects.reduce<number>(
              (sum, object) => sum + Buffer.byteLength(JSON.stringify(object)) + 1,
              0,
            )
            if (count > 1) expect(bytes).toBeLessThanOrEqual(maxBytes)
          }
          const sections = parts.flatMap(({ file: part }) => Object.keys(part).map((name) => ORDER.indexOf(name)))
          expect(sections).toEqual(sections.toSorted((left, right) => left - right))
        },
      ),
    )
  })

  it('has its version in every part, which says how hashes of passwords are to be read', () => {
    const file = { rabbit_version: '3.5.0', users: [{ name: 'a' }, { name: 'b' }], product_name: 'RabbitMQ' }
    const parts = cutDefinitions(file, undefined, { maxObjects: 1, maxBytes: 1000 })
    expect(parts.map((part) => part.file)).toEqual([
      { rabbit_version: '3.5.0', users: [{ name: 'a' }] },
      { rabbit_version: '3.5.0', users: [{ name: 'b' }] },
    ])
  })

  it('leaves out bindings to streams, whose parts would not know that the stream is left out', () => {
    const bindings = [
      binding('log'),
      binding('kept'),
      binding('log', 'exchange'),
      { ...binding('log'), vhost: 'other' },
    ]
    const file = {
      queues: [queue('log', { 'x-queue-type': 'stream' }), queue('kept'), { ...queue('log'), vhost: 'other' }],
      bindings,
    }
    expect(joined(cutDefinitions(file, undefined)).bindings).toEqual(bindings.slice(1))
  })

  it('is no part at all where it holds nothing', () => {
    expect(cutDefinitions({ rabbit_version: '3.13.7', queues: [] }, undefined)).toEqual([])
  })
})

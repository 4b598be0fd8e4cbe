import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrokerError } from '../../../lib/model/errors.ts'
import { NO_DEFINITIONS } from '../../../lib/topology/definitions/definitions.ts'
import { parseDefinitions } from '../../../lib/topology/definitions/parse.ts'
import { refusal } from '../refusals.ts'
import { imported, overTheWire } from './files.ts'

const parse = (file: unknown) => parseDefinitions(overTheWire(file))
const parseVhost = (file: unknown) => parseDefinitions(overTheWire(file), { vhost: 'dv' })
const contentsOf = (file: unknown) => parseVhost(file).contents.get('dv')
const refused = (reason: string) => refusal('invalid', reason)

describe('a definitions file', () => {
  it('may be empty', () => {
    expect(parse({})).toMatchObject({ users: [], vhosts: [], contents: new Map(), warnings: [] })
    expect(parseVhost({})).toMatchObject({ ...NO_DEFINITIONS, contents: new Map() })
  })

  it('leaves out what has a default', () => {
    const file = { queues: [{ name: 'q' }], exchanges: [{ name: 'x', type: 'fanout' }] }
    expect(contentsOf(file)).toMatchObject({
      queues: [{ name: 'q', durable: true, autoDelete: false, arguments: {} }],
      exchanges: [{ name: 'x', exchangeType: 'fanout', durable: true, autoDelete: false, internal: false }],
    })
    const policies = [{ name: 'p', pattern: '', definition: { 'max-length': 1 } }]
    expect(contentsOf({ policies })).toMatchObject({ policies: [{ applyTo: 'all', priority: 0 }] })
  })

  it('of an old release has tags with commas and hashes that are MD5', () => {
    const users = [{ name: 'u', password_hash: 'kI3GCqW5', tags: 'administrator,b' }]
    const algorithmIn = (version: string) => parse({ rabbit_version: version, users }).users[0]?.hashingAlgorithm
    for (const version of ['2.8.7', '3.0.4', '3.5.8']) expect(algorithmIn(version)).toBe('rabbit_password_hashing_md5')
    for (const version of ['3.6.0', '3.13.7', '4.1.0', 'unknown']) {
      expect(algorithmIn(version)).toBe('rabbit_password_hashing_sha256')
    }
    expect(parse({ users }).users[0]?.tags).toEqual(['administrator', 'b'])
    const sha512 = { ...users[0], hashing_algorithm: 'rabbit_password_hashing_sha512' }
    expect(parse({ rabbit_version: '3.5.0', users: [sha512] }).users[0]?.hashingAlgorithm).toBe(
      sha512.hashing_algorithm,
    )
  })

  it('of a new release has what a vhost is in its metadata', () => {
    const metadata = { description: 'd', tags: ['a'], default_queue_type: 'quorum', protected_from_deletion: true }
    expect(parse({ vhosts: [{ name: 'v', metadata }] }).vhosts).toEqual([
      {
        name: 'v',
        description: 'd',
        tags: ['a'],
        defaultQueueType: 'quorum',
        tracing: undefined,
        protectedFromDeletion: true,
      },
    ])
  })

  it('has unknown keys that mean nothing', () => {
    const file = { shards: [1], queues: [{ name: 'q', exclusive: false, node: 'n' }], rabbitmq_definition_format: 'c' }
    expect(contentsOf(file)?.queues).toHaveLength(1)
  })

  it('of one vhost goes into whatever vhost it is posted to, and brings no users', () => {
    const file = { queues: [{ name: 'q', vhost: 'other' }], users: [{ name: 'u' }], vhosts: [{ name: 'v' }] }
    expect(parseVhost(file)).toMatchObject({ users: [], vhosts: [] })
    expect(contentsOf(file)?.queues).toHaveLength(1)
  })

  it('of one vhost is told apart from one of everything', () => {
    for (const section of ['queues', 'exchanges', 'policies', 'bindings', 'parameters']) {
      const item = {
        name: 'n',
        type: 'direct',
        source: 's',
        destination: 'd',
        destination_type: 'queue',
        component: 'shovel',
      }
      expect(() => parse({ [section]: [item] })).toThrow(/invalid_definitions_file: .*\[0\].vhost is missing/)
    }
  })

  it('brings limits and operator policies as parameters', () => {
    const parameters = [
      { component: 'vhost-limits', name: 'limits', value: { 'max-queues': 5, 'max-connections': -1 } },
      { component: 'operator_policy', name: 'o', value: { pattern: '', definition: { expires: 1 } } },
    ]
    const definitions = parseVhost({ parameters })
    expect(definitions.vhostLimits).toEqual([
      { vhost: 'dv', limit: 'max-queues', value: 5 },
      { vhost: 'dv', limit: 'max-connections', value: -1 },
    ])
    expect(definitions.contents.get('dv')?.parameters).toEqual([
      {
        component: 'operator_policy',
        name: 'o',
        value: { pattern: '', 'apply-to': 'all', definition: { expires: 1 }, priority: 0 },
      },
    ])
  })

  it('loses what has no place here, with a warning', () => {
    const { contents, warnings } = parseVhost({
      policies: [
        { name: 'mirrored', pattern: '', definition: { 'ha-mode': 'all' } },
        { name: 'both', pattern: '', definition: { 'ha-mode': 'all', 'max-length': 1 } },
      ],
      parameters: [{ component: 'unheard-of', name: 'n', value: 1 }],
      queues: [
        { name: 's1', arguments: { 'x-queue-type': 'stream' } },
        { name: 's2', type: 'stream' },
      ],
      bindings: [{ source: 'amq.topic', destination: 's1', destination_type: 'queue' }],
    })
    expect(contents.get('dv')).toMatchObject({
      policies: [{ name: 'both', definition: { 'max-length': 1 } }],
      parameters: [],
      queues: [],
      bindings: [],
    })
    expect(warnings).toHaveLength(5)
  })

  it('passes over what is named as the broker names its own, with the bindings of such queues', () => {
    const contents = contentsOf({
      exchanges: [{ name: 'amq.topic' }, { name: '' }],
      queues: [{ name: 'amq.gen-1' }, { name: '' }],
      bindings: [
        { source: '', destination: 'q', destination_type: 'queue' },
        { source: 'x', destination: 'amq.gen-1', destination_type: 'queue' },
      ],
    })
    expect(contents).toMatchObject({ exchanges: [], queues: [], bindings: [] })
  })

  it('passes over global parameters that are internal', () => {
    const file = {
      global_parameters: [
        { name: 'internal_cluster_id', value: 'x' },
        { name: 'g', value: null },
      ],
    }
    expect(parse(file).globalParameters).toEqual([{ name: 'g', value: null }])
  })

  it('is refused with the place of what is wrong', () => {
    const cases: [object, string | RegExp][] = [
      [{ queues: {} }, 'queues must be an array'],
      [{ queues: [1] }, 'queues[0] must be a JSON object'],
      [{ queues: [{ name: 'a' }, {}] }, 'queues[1].name is missing'],
      [{ queues: [{ name: 1 }] }, 'queues[0].name must be a string'],
      [{ queues: [{ name: 'q', durable: 'troo' }] }, 'queues[0].durable must be true or false'],
      [{ queues: [{ name: 'q', arguments: { x: null } }] }, 'queues[0]: null_not_allowed'],
      [{ queues: [{ name: 'q', arguments: 'x' }] }, 'queues[0]: arguments must be a JSON object'],
      [{ exchanges: [{ name: 'x' }] }, 'exchanges[0].type is missing'],
      [
        { bindings: [{ source: 's', destination: 'd', destination_type: 'topic' }] },
        'bindings[0].destination_type must be queue or exchange',
      ],
      [{ policies: [{ name: 'p', pattern: '' }] }, 'policies[0].definition is missing'],
      [
        { policies: [{ name: 'p', pattern: '', definition: { nope: 1 } }] },
        'policies[0]: Validation failed\n\n[{&lt;&lt;"nope"&gt;&gt;,1}] are not recognised policy settings\n',
      ],
      [{ parameters: [{ component: 'shovel', name: 'n' }] }, 'parameters[0].value is missing'],
    ]
    for (const [file, reason] of cases) expect(() => parseVhost(file)).toThrow(refused(String(reason)))
    expect(() => parse({ users: [{ name: 'u' }] })).toThrow(refused('users[0]: tags_not_present'))
    expect(() => parse({ permissions: [{ user: 'u' }] })).toThrow(refused('permissions[0].vhost is missing'))
    expect(() => parse({ global_parameters: [{ name: 'cluster_name', value: 1 }] })).toThrow(
      refused('global_parameters[0]: cluster_name must be a string'),
    )
    expect(() => parse([])).toThrow(refused('a definitions file is a JSON object'))
  })

  it('is parsed or refused, whatever is in it', () => {
    const scalars = fc.constantFrom(
      '',
      'q',
      'stream',
      'vhost-limits',
      'operator_policy',
      '__proto__',
      1,
      1.5,
      true,
      null,
    )
    const fields = ['name', 'vhost', 'type', 'value', 'arguments', 'definition', 'pattern', 'tags', 'limits', 'user']
    const more = ['component', 'source', 'destination', 'destination_type', 'routing_key', 'metadata', 'password_hash']
    const table = fc.dictionary(
      fc.constantFrom(...fields, ...more, '__proto__'),
      fc.oneof(scalars, fc.object({ values: [fc.string(), fc.boolean(), fc.maxSafeInteger(), fc.constant(null)] })),
    )
    const section = fc.oneof(scalars, fc.array(fc.oneof({ weight: 5, arbitrary: table }, scalars), { maxLength: 3 }))
    const names = ['users', 'vhosts', 'permissions', 'topic_permissions', 'parameters', 'global_parameters']
    const sections = [...names, 'policies', 'queues', 'exchanges', 'bindings', 'rabbit_version']
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...sections), section), (file) => {
        try {
          imported(file)
        } catch (error) {
          if (!(error instanceof BrokerError && error.kind === 'invalid')) throw error
        }
      }),
      { numRuns: 2000 },
    )
  })
})

import { describe, expect, it } from 'vitest'
import { AccessState } from '../../../lib/topology/access/state.ts'
import { exportDefinitions, exportVhost } from '../../../lib/topology/definitions/export.ts'
import { bind, declareExchange, declareQueue, openVhost, toQueue, vhostAfter } from '../vhost/vhosts.ts'
import { IDENTITY } from './files.ts'

const SECTIONS = [
  'users',
  'vhosts',
  'permissions',
  'topic_permissions',
  'parameters',
  'global_parameters',
  'policies',
  'queues',
  'exchanges',
  'bindings',
]

describe('an export', () => {
  it('of everything has every section in order, also where there is nothing in it', () => {
    const file = exportDefinitions(new AccessState(), [openVhost()], IDENTITY)
    expect(Object.keys(file)).toEqual([
      'rabbit_version',
      'rabbitmq_version',
      'product_name',
      'product_version',
      ...SECTIONS,
    ])
    expect(file).toMatchObject(Object.fromEntries(SECTIONS.map((section) => [section, []])))
  })

  it('of one vhost has its contents only, in items that do not name it', () => {
    const state = vhostAfter(declareExchange('x'), declareQueue('q'), bind(toQueue('x', 'q'), 'k', { a: 1 }))
    const file = exportVhost(state, undefined, IDENTITY)
    expect(file).toEqual({
      rabbit_version: '3.13.7',
      parameters: [],
      policies: [],
      queues: [{ name: 'q', durable: true, auto_delete: false, arguments: {}, type: 'classic' }],
      exchanges: [{ name: 'x', type: 'direct', durable: true, auto_delete: false, internal: false, arguments: {} }],
      bindings: [{ source: 'x', destination: 'q', destination_type: 'queue', routing_key: 'k', arguments: { a: 1 } }],
    })
    expect(Object.keys(file)).toEqual(['rabbit_version', 'parameters', 'policies', 'queues', 'exchanges', 'bindings'])
  })

  it('has the bindings of predefined exchanges without the exchanges', () => {
    const state = vhostAfter(declareQueue('q'), bind(toQueue('amq.topic', 'q'), 'a.b'))
    const { exchanges, bindings } = exportVhost(state, undefined, IDENTITY)
    expect(exchanges).toEqual([])
    expect(bindings).toMatchObject([{ source: 'amq.topic', destination: 'q' }])
  })

  it('keeps global parameters that are internal to itself', () => {
    const access = new AccessState()
    access.globalParameters.set('internal_cluster_id', 'x').set('cluster_name', 'n')
    const { global_parameters: parameters } = exportDefinitions(access, [], IDENTITY)
    expect(parameters).toEqual([{ name: 'cluster_name', value: 'n' }])
  })
})

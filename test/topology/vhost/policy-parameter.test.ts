import { describe, expect, it } from 'vitest'
import { Typed } from '../../../lib/model/amqp-value.ts'
import type { Policy } from '../../../lib/topology/vhost/events.ts'
import { plainNotFound } from '../refusals.ts'
import { openVhost, run } from './vhosts.ts'

const policy: Policy = { name: 'p', pattern: '^a', applyTo: 'queues', definition: { 'max-length': 5 }, priority: 0 }

describe('a policy', () => {
  it('is stored as it is, once', () => {
    const state = openVhost()
    expect(run(state, { type: 'set-policy', policy }, { type: 'set-policy', policy })).toEqual([
      { type: 'policy-set', policy },
    ])
    expect([...state.policies.values()]).toEqual([policy])
  })

  it.each<Partial<Policy>>([
    { pattern: '^b' },
    { applyTo: 'all' },
    { priority: 1 },
    { definition: { 'max-length': 6 } },
    { definition: { 'max-length': new Typed('double', 5) } },
  ])('is replaced when it differs in %j', (change) => {
    const state = openVhost()
    run(state, { type: 'set-policy', policy })
    expect(run(state, { type: 'set-policy', policy: { ...policy, ...change } })).toHaveLength(1)
    expect(state.policies.get('p')).toEqual({ ...policy, ...change })
  })

  it('is deleted by name, and not found after that', () => {
    const state = openVhost()
    run(state, { type: 'set-policy', policy }, { type: 'delete-policy', name: 'p' })
    expect(state.policies.size).toBe(0)
    expect(() => run(state, { type: 'delete-policy', name: 'p' })).toThrow(plainNotFound)
  })
})

describe('a parameter', () => {
  const parameter = { component: 'shovel', name: 's', value: { 'src-uri': 'amqp://' } }

  it('is stored as it is, once, under its component and name', () => {
    const state = openVhost()
    const other = { ...parameter, component: 'federation-upstream' }
    const set = [parameter, parameter, other].map((given) => ({ type: 'set-parameter', parameter: given }) as const)
    expect(run(state, ...set)).toHaveLength(2)
    expect([...state.parameters.values()]).toEqual([parameter, other])
  })

  it('is replaced when its value differs', () => {
    const state = openVhost()
    const changed = { ...parameter, value: [1, 'x', null] }
    run(state, { type: 'set-parameter', parameter }, { type: 'set-parameter', parameter: changed })
    expect([...state.parameters.values()]).toEqual([changed])
  })

  it('is deleted by component and name, and not found after that', () => {
    const state = openVhost()
    const { component, name } = parameter
    run(state, { type: 'set-parameter', parameter }, { type: 'delete-parameter', component, name })
    expect(state.parameters.size).toBe(0)
    expect(() => run(state, { type: 'delete-parameter', component, name })).toThrow(plainNotFound)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseScopes } from '../../lib/access/scopes.ts'

const grantsOf = (...scopes: string[]) => parseScopes(scopes, 'rabbitmq').grants

describe('scopes', () => {
  test('grant an action on what their wildcards match, and the vhost with it', () => {
    const grants = grantsOf('rabbitmq.configure:%2F/order-*', 'rabbitmq.read:te*t/*')
    expect(grants.allows('configure', '/', 'order-1')).toBe(true)
    expect(grants.allows('configure', '/', 'orders')).toBe(false)
    expect(grants.allows('read', '/', 'order-1')).toBe(false)
    expect(grants.allows('read', 'tent', 'anything')).toBe(true)
    expect(['/', 'test', 'tet', 'other'].filter((vhost) => grants.mayEnter(vhost))).toEqual(['/', 'test', 'tet'])
  })

  test('may limit the routing keys of topics', () => {
    const grants = grantsOf('rabbitmq.write:v/x/a.*.z')
    expect(grants.allowsKey('write', 'v', 'x', 'a.b.c.z')).toBe(true)
    expect(grants.allowsKey('write', 'v', 'x', 'a.b')).toBe(false)
    expect(grantsOf('rabbitmq.write:v/x').allowsKey('write', 'v', 'x', 'any')).toBe(true)
  })

  test('hold tags', () => {
    expect(parseScopes(['rabbitmq.tag:administrator', 'tag:x', 'other.tag:y'], 'rabbitmq').tags).toEqual([
      'administrator',
    ])
  })

  test.each([
    'read:*/*',
    'other.read:*/*',
    'rabbitmq.read:*',
    'rabbitmq.own:*/*',
    'rabbitmq.read:%/*',
    'rabbitmq.read:a/b/c/d',
  ])('grant nothing where they are none: %s', (scope) => {
    const grants = grantsOf(scope)
    expect(grants.allows('read', 'a', 'b')).toBe(false)
    expect(grants.mayEnter('a')).toBe(false)
  })

  test('match as a regular expression with .* for each asterisk does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    fc.assert(
      fc.property(text, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (wildcard, name) => {
        const expected = new RegExp(`^${wildcard.replaceAll('*', '.*')}$`).test(name)
        expect(grantsOf(`rabbitmq.read:v/${wildcard}`).allows('read', 'v', name)).toBe(expected)
      }),
    )
  })
})

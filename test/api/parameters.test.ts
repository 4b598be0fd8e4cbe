import { beforeAll, describe, expect, test } from 'vitest'
import { AS_JSON, badRequest, NOT_FOUND, refused, VHOST_NOT_FOUND } from './support/answers.ts'
import { useApi } from './support/client.ts'

const { call } = useApi()

beforeAll(async () => {
  await call('PUT', '/vhosts/dv', {})
  await call('PUT', '/users/lim', { password: 'lim', tags: 'management' })
})

describe('a parameter', () => {
  const path = '/parameters/federation-upstream/dv/up'

  test('is made with 201, changed with 204, shown as it came, listed, and deleted once', async () => {
    expect((await call('GET', '/parameters')).body).toEqual([])
    const value = { uri: 'amqp://h', 'ack-mode': 'on-confirm', ratio: 0.5, nothing: null, list: [1] }
    expect(await call('PUT', path, { value, name: 'up' })).toMatchObject({ status: 201 })
    expect(await call('PUT', path, { value })).toMatchObject({ status: 204 })
    const item = { vhost: 'dv', component: 'federation-upstream', name: 'up', value }
    for (const list of ['/parameters', '/parameters/federation-upstream', '/parameters/federation-upstream/dv']) {
      expect((await call('GET', list)).body).toEqual([item])
    }
    expect((await call('GET', path)).body).toEqual(item)
    expect(await call('DELETE', path)).toMatchObject({ status: 204 })
    expect(await call('DELETE', path)).toMatchObject(NOT_FOUND)
    expect(await call('GET', path)).toMatchObject(NOT_FOUND)
  })

  test('is of a component that is known, with what the component needs', async () => {
    expect(await call('PUT', '/parameters/nope/dv/p', { value: 1 })).toMatchObject(
      badRequest('Validation failed\n\ncomponent nope not found\n'),
    )
    expect(await call('PUT', path, { value: {} })).toMatchObject({ status: 400 })
    expect(await call('PUT', path, {})).toMatchObject(badRequest('[{key_missing,value}]'))
    const value = { 'src-uri': 'amqp://', 'src-queue': 'q', 'dest-uri': 'amqp://' }
    expect(await call('PUT', '/parameters/shovel/dv/s', { value })).toMatchObject({ status: 201 })
    expect((await call('GET', '/parameters/nope')).body).toEqual([])
    await call('DELETE', '/parameters/shovel/dv/s')
  })

  test('belongs to a vhost that exists', async () => {
    expect(await call('PUT', '/parameters/shovel/zz/s', { value: {} })).toMatchObject(VHOST_NOT_FOUND)
    expect(await call('GET', '/parameters/shovel/zz')).toMatchObject(NOT_FOUND)
  })

  test('stands for limits and operator policies, which are changed elsewhere', async () => {
    await call('PUT', '/vhost-limits/dv/max-queues', { value: 5 }, AS_JSON)
    await call('PUT', '/operator-policies/dv/o', { pattern: '', definition: { expires: 5 } }, AS_JSON)
    expect((await call('GET', '/parameters/vhost-limits/dv/limits')).body).toMatchObject({ value: { 'max-queues': 5 } })
    expect((await call('GET', '/parameters/operator_policy')).body).toMatchObject([{ name: 'o' }])
    for (const component of ['vhost-limits', 'operator_policy']) {
      const answer = { status: 400, text: expect.stringContaining('are changed under /api/') }
      expect(await call('PUT', `/parameters/${component}/dv/o`, { value: {} })).toMatchObject(answer)
      expect(await call('DELETE', `/parameters/${component}/dv/o`)).toMatchObject(answer)
    }
  })

  test('stands for policies where they are asked for as parameters', async () => {
    const body = { pattern: '^zzz', definition: { expires: 5 }, priority: 1, 'apply-to': 'queues' }
    await call('PUT', '/policies/dv/p', body)
    const item = { vhost: 'dv', component: 'policy', name: 'p', value: body }
    expect((await call('GET', '/parameters/policy/dv/p')).body).toEqual(item)
    expect((await call('GET', '/parameters/policy')).body).toEqual([item])
    expect((await call('GET', '/parameters')).body).not.toContainEqual(item)
    const refusal = badRequest('policies may not be set using this method')
    expect(await call('PUT', '/parameters/policy/dv/p', { value: body })).toMatchObject(refusal)
    expect(await call('DELETE', '/parameters/policy/dv/p')).toMatchObject(refusal)
  })

  test('is the business of policymakers', async () => {
    for (const list of ['/parameters', '/parameters/shovel/%2F', '/global-parameters']) {
      expect(await call('GET', list, undefined, { as: 'lim:lim' })).toMatchObject(
        refused('User not authorised to access object'),
      )
    }
  })
})

describe('a global parameter', () => {
  test('is made with 201, changed with 204, shown, and deleted once', async () => {
    expect(await call('PUT', '/global-parameters/g', { value: { a: [1.5] } })).toMatchObject({ status: 201 })
    expect(await call('PUT', '/global-parameters/g', { value: 'text' })).toMatchObject({ status: 204 })
    expect((await call('GET', '/global-parameters/g')).body).toEqual({ name: 'g', value: 'text' })
    expect(await call('DELETE', '/global-parameters/g')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/global-parameters/g')).toMatchObject(NOT_FOUND)
    expect(await call('PUT', '/global-parameters/p', {})).toMatchObject(badRequest('[{key_missing,value}]'))
  })

  test('is listed beside the two that are built in', async () => {
    const names = async () =>
      ((await call('GET', '/global-parameters')).body as { name: string }[]).map(({ name }) => name)
    expect(await names()).toEqual(['cluster_name', 'internal_cluster_id'])
    await call('PUT', '/global-parameters/a', { value: 1 })
    expect(await names()).toEqual(['a', 'cluster_name', 'internal_cluster_id'])
    await call('DELETE', '/global-parameters/a')
  })

  test('that is derived cannot be changed', async () => {
    for (const method of ['PUT', 'DELETE']) {
      expect(await call(method, '/global-parameters/internal_cluster_id', { value: 1 })).toMatchObject({ status: 400 })
    }
  })
})

describe('the name of the whole', () => {
  test('is a global parameter that has a resource of its own', async () => {
    expect(await call('PUT', '/cluster-name', { name: 'rabbit@there' })).toMatchObject({ status: 204, text: '' })
    expect((await call('GET', '/cluster-name/')).body).toEqual({ name: 'rabbit@there' })
    expect((await call('GET', '/global-parameters/cluster_name')).body).toMatchObject({ value: 'rabbit@there' })
    expect((await call('GET', '/overview')).body).toMatchObject({ cluster_name: 'rabbit@there' })
  })

  test('is a text', async () => {
    expect(await call('PUT', '/cluster-name', { name: 1 })).toMatchObject({ status: 400 })
    expect(await call('PUT', '/cluster-name', {})).toMatchObject(badRequest('[{key_missing,name}]'))
    expect(await call('PUT', '/global-parameters/cluster_name', { value: {} })).toMatchObject({ status: 400 })
  })
})

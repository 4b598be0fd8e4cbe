import { beforeAll, describe, expect, test } from 'vitest'
import { AS_JSON, badRequest, NOT_FOUND, refused, VHOST_NOT_FOUND } from './support/answers.ts'
import { useApi } from './support/client.ts'

const { call } = useApi()

const validationFailed = (complaint: string) => badRequest(`Validation failed\n\n${complaint}\n`)
const DEFINITION = { 'max-length': 1 }

beforeAll(async () => {
  await call('PUT', '/vhosts/dv', {})
  await call('PUT', '/users/lim', { password: 'lim', tags: 'management' })
  await call('PUT', '/users/pol', { password: 'pol', tags: 'policymaker' })
  for (const user of ['lim', 'pol']) {
    await call('PUT', `/permissions/dv/${user}`, { configure: '', write: '', read: '' })
  }
})

describe('a policy', () => {
  test('is made with 201, changed with 204, shown, listed, and deleted once', async () => {
    expect((await call('GET', '/policies/dv')).body).toEqual([])
    const body = { pattern: '^zzz', definition: { ...DEFINITION, 'ha-mode': 'all' }, priority: 3, 'apply-to': 'queues' }
    expect(await call('PUT', '/policies/dv/p', { ...body, name: 'p', vhost: 'dv' })).toMatchObject({ status: 201 })
    expect(await call('PUT', '/policies/dv/p', body)).toMatchObject({ status: 204 })
    const item = { vhost: 'dv', name: 'p', ...body }
    expect((await call('GET', '/policies/dv/p')).body).toEqual(item)
    expect((await call('GET', '/policies')).body).toEqual([item])
    expect((await call('GET', '/policies/dv')).body).toEqual([item])
    expect(await call('DELETE', '/policies/dv/p')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/policies/dv/p')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/policies/dv/p')).toMatchObject(NOT_FOUND)
  })

  test('applies to everything with priority 0 unless it says otherwise', async () => {
    await call('PUT', '/policies/dv/plain', { pattern: '', definition: DEFINITION })
    expect((await call('GET', '/policies/dv/plain')).body).toMatchObject({ 'apply-to': 'all', priority: 0 })
  })

  test('is refused in RabbitMQ’s words', async () => {
    const put = (body: object) => call('PUT', '/policies/dv/bad', body)
    expect(await put({ definition: DEFINITION })).toMatchObject(badRequest('[{key_missing,pattern}]'))
    expect(await put({ pattern: '' })).toMatchObject(badRequest('[{key_missing,definition}]'))
    const cases: [object, string][] = [
      [{ definition: {} }, 'no policy provided'],
      [{ definition: { nope: 1 } }, '[{&lt;&lt;"nope"&gt;&gt;,1}] are not recognised policy settings'],
      [{ definition: { 'max-length': -1 } }, '-1 is not a valid maximum length'],
      [{ definition: { expires: 0 } }, '0 is not a valid queue expiry'],
      [{ definition: { 'dead-letter-exchange': 1 } }, '1 is not a valid dead letter exchange name'],
      [{ definition: { overflow: null } }, 'null is not a valid overflow value'],
      [{ definition: 1 }, 'definition should be a JSON object, actually was 1'],
      [{ priority: 'a' }, 'priority should be a number, actually was &lt;&lt;"a"&gt;&gt;'],
      [{ pattern: 1 }, 'pattern should be a binary but was 1'],
    ]
    for (const [given, complaint] of cases) {
      const body = { pattern: '', definition: DEFINITION, ...given }
      expect(await put(body)).toMatchObject(validationFailed(complaint))
    }
    for (const [given, part] of [
      [{ pattern: '(' }, 'pattern should be regular expression but is invalid: '],
      [{ pattern: 'x'.repeat(1025) }, 'pattern should be regular expression but is invalid: '],
      [{ 'apply-to': 'nope' }, "apply-to 'nope' unrecognised; should be one of: "],
    ] as const) {
      const answer = await put({ pattern: '', definition: DEFINITION, ...given })
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining(part) })
    }
    expect(await call('GET', '/policies/dv/bad')).toMatchObject(NOT_FOUND)
  })

  test('belongs to a vhost that exists', async () => {
    const body = { pattern: '', definition: DEFINITION }
    expect(await call('PUT', '/policies/zz/p', body)).toMatchObject(VHOST_NOT_FOUND)
    expect(await call('GET', '/policies/zz')).toMatchObject(NOT_FOUND)
    expect(await call('DELETE', '/policies/zz/p')).toMatchObject(NOT_FOUND)
  })

  test('is read with any tag and written by policymakers', async () => {
    const body = { pattern: '', definition: DEFINITION }
    expect(await call('GET', '/policies/dv', undefined, { as: 'lim:lim' })).toMatchObject({ status: 200 })
    expect(await call('PUT', '/policies/dv/l', body, { as: 'lim:lim' })).toMatchObject(
      refused('User not authorised to access object'),
    )
    expect(await call('PUT', '/policies/dv/l', body, { as: 'pol:pol' })).toMatchObject({ status: 201 })
  })
})

describe('an operator policy', () => {
  const put = (body: object) => call('PUT', '/operator-policies/dv/o', body, AS_JSON)

  test('is made with 201, changed with 204, shown, listed, and deleted once', async () => {
    const body = { pattern: '^q', definition: { 'max-length': 5, 'message-ttl': 1 } }
    expect(await put(body)).toMatchObject({ status: 201 })
    expect(await put(body)).toMatchObject({ status: 204 })
    const item = { vhost: 'dv', name: 'o', ...body, 'apply-to': 'all', priority: 0 }
    expect((await call('GET', '/operator-policies/dv/o')).body).toEqual(item)
    expect((await call('GET', '/operator-policies')).body).toEqual([item])
    expect((await call('GET', '/operator-policies/dv')).body).toEqual([item])
    expect(await call('DELETE', '/operator-policies/dv/o')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/operator-policies/dv/o')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/operator-policies/dv/o')).toMatchObject(NOT_FOUND)
  })

  test('sets less than a policy does, and nothing of exchanges', async () => {
    expect(await put({ pattern: '', definition: { 'dead-letter-exchange': 'x' } })).toMatchObject(
      validationFailed('[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings'),
    )
    expect(await put({ pattern: '', definition: DEFINITION, 'apply-to': 'exchanges' })).toMatchObject({ status: 400 })
    expect(await put({ pattern: '' })).toMatchObject(badRequest('[{key_missing,definition}]'))
  })

  test('is the business of administrators, in JSON that says so', async () => {
    const body = { pattern: '', definition: DEFINITION }
    expect(await call('PUT', '/operator-policies/dv/o', body)).toMatchObject({ status: 415, text: '' })
    expect(await call('PUT', '/operator-policies/dv/o', body, { ...AS_JSON, as: 'pol:pol' })).toMatchObject(
      refused('Not administrator user'),
    )
    expect(await call('GET', '/operator-policies/dv', undefined, { as: 'lim:lim' })).toMatchObject({ status: 200 })
  })
})

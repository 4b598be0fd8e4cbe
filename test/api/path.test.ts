import fc from 'fast-check'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import type { Api, ApiContext, ApiEnv } from '../../lib/api/env.ts'
import { exchangeSegment, resourcePath, segment } from '../../lib/api/path.ts'

/** Answers what a handler sees of the two segments. */
async function segmentsOf(path: string): Promise<unknown> {
  const api: Api = new Hono<ApiEnv>({ getPath: () => resourcePath(path) })
  api.get('/exchanges/:vhost/:exchange', (c: ApiContext) =>
    c.json({ vhost: segment(c, 'vhost'), exchange: exchangeSegment(c, 'exchange') }),
  )
  const response = await api.fetch(new Request('http://leveret/'))
  return response.status === 200 ? response.json() : undefined
}

const names = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc.constantFrom(
      '/',
      '%',
      '+',
      '?',
      '#',
      '..',
      '.',
      '//',
      '%2F',
      '%252F',
      'a b',
      'a/b',
      'é',
      '日本',
      '😀',
      ':vhost',
      '*',
    ),
    fc
      .array(fc.constantFrom('/', '%', '+', '?', '#', '.', '~', 'a', 'é', ' '), { minLength: 1 })
      .map((parts) => parts.join('')),
  )
  .filter((name) => !/[\r\n]/.test(name))

describe('paths', () => {
  test('a name that was encoded as one segment comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(names, names, async (vhost, exchange) => {
        const path = `/api/exchanges/${encodeURIComponent(vhost)}/${encodeURIComponent(exchange)}`
        expect(await segmentsOf(path)).toEqual({ vhost, exchange: exchange === 'amq.default' ? '' : exchange })
      }),
      { numRuns: 500 },
    )
  })

  test('segments are decoded once', async () => {
    expect(await segmentsOf('/api/exchanges/%252F/%2523')).toEqual({ vhost: '%2F', exchange: '%23' })
  })

  test('a plus is a plus', async () => {
    expect(await segmentsOf('/api/exchanges/a+b/c+d')).toEqual({ vhost: 'a+b', exchange: 'c+d' })
  })

  test('line breaks are taken out of names', async () => {
    expect(await segmentsOf('/api/exchanges/%2F/a%0D%0Ab')).toEqual({ vhost: '/', exchange: 'ab' })
  })

  test('an empty segment is the default exchange, and so is its alias', async () => {
    expect(resourcePath('/api/exchanges/%2F//publish')).toBe('/exchanges/%2F/amq.default/publish')
    expect(resourcePath('/api/bindings/%2F/e//e//')).toBe('/bindings/%2F/e/amq.default/e/amq.default')
    expect(await segmentsOf('/api/exchanges/%2F/amq.default')).toEqual({ vhost: '/', exchange: '' })
  })

  test('a trailing slash and a prefix before /api change nothing', () => {
    expect(resourcePath('/prod/rabbit/api/users/')).toBe('/users')
    expect(resourcePath('/api/queues/%2F/api/')).toBe('/queues/%2F/api')
  })

  test('what is not below /api is no resource', () => {
    expect(resourcePath('/')).toBe('/')
    expect(resourcePath('/queues')).toBe('/')
    expect(resourcePath('/api')).toBe('/')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GatewayRequest, toProxyEvent } from '../../lib/local/gateway-event.ts'

const requestOf = (parts: Partial<GatewayRequest>): GatewayRequest => ({
  method: 'GET',
  target: '/',
  rawHeaders: [],
  body: new Uint8Array(),
  sourceIp: '127.0.0.1',
  requestId: 'r-1',
  receivedAtMs: 1_700_000_000_000,
  ...parts,
})

const pieces = ['%2F', '%2f', '/', '//', '%2523', '+', '..', '.', '%00', '%3F', '~', 'a', 'api', 'queues', '%C3%BC']
const paths = fc.array(fc.constantFrom(...pieces)).map((path) => `/${path.join('')}`)

describe('the path of an event', () => {
  it('is the path on the wire, byte for byte', () => {
    fc.assert(
      fc.property(paths, fc.constantFrom('', '?', '?a=b', '?a=/x?y'), (path, query) => {
        expect(toProxyEvent(requestOf({ target: path + query }))).toMatchObject({ path, requestContext: { path } })
      }),
    )
  })

  it('is what resource and proxy make together', () => {
    fc.assert(
      fc.property(fc.constantFrom('', '/api', '/api/exchanges', '/api/queues'), paths, (prefix, rest) => {
        const path = prefix + rest
        const { resource, pathParameters } = toProxyEvent(requestOf({ target: path }))
        expect(resource.replace('{proxy+}', () => pathParameters?.proxy ?? '')).toBe(path)
      }),
    )
  })

  it.each([
    ['/api/exchanges/%2F//publish', '/api/exchanges/{proxy+}', '%2F//publish'],
    ['/api/queues/%2F/a%2523', '/api/queues/{proxy+}', '%2F/a%2523'],
    ['/api/queues', '/{proxy+}', 'api/queues'],
    ['/api/queues/', '/{proxy+}', 'api/queues/'],
    ['//', '/{proxy+}', '/'],
    ['/', '/', undefined],
  ])('%s belongs to the resource %s', (target, resource, proxy) => {
    const event = toProxyEvent(requestOf({ target }))
    expect([event.resource, event.pathParameters?.proxy]).toEqual([resource, proxy])
  })
})

describe('the query of an event', () => {
  const words = fc.string({ unit: 'grapheme' })
  const group = (pairs: readonly (readonly [string, string])[]): Record<string, string[]> =>
    Object.fromEntries(
      pairs.map(([name]) => [name, pairs.filter(([other]) => other === name).map(([, value]) => value)]),
    )

  it('has every decoded value of every name, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(words, words), { minLength: 1 }), (pairs) => {
        const query = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
        const event = toProxyEvent(requestOf({ target: `/?${query}` }))
        expect(event.multiValueQueryStringParameters).toEqual(group(pairs))
      }),
    )
  })

  it('has the last value of a name where there is room for one', () => {
    const event = toProxyEvent(requestOf({ target: '/?a=1&b=2&a=3' }))
    expect(event.queryStringParameters).toEqual({ a: '3', b: '2' })
  })

  it.each([
    ['?a+b=c+d', { 'a b': 'c d' }],
    ['?a=%2B', { a: '+' }],
    ['?a=%252F', { a: '%2F' }],
    ['?a', { a: '' }],
    ['?a=b=c', { a: 'b=c' }],
    ['?&&a=1&', { a: '1' }],
    ['?a=%zz', { a: '%zz' }],
    ['?', null],
    ['', null],
  ])('%s is read as form encoding', (query, parameters) => {
    expect(toProxyEvent(requestOf({ target: `/${query}` })).queryStringParameters).toEqual(parameters)
  })
})

describe('the headers of an event', () => {
  const names = fc.stringMatching(/^x-[A-Za-z0-9-]{1,12}$/)
  const values = fc.stringMatching(/^[!-~]( ?[!-~])*$/)

  it('keep spelling, values and their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(names, { selector: (name) => name.toLowerCase() }), fc.array(values), (all, some) => {
        const expected = Object.fromEntries(all.map((name) => [name, [name, ...some]]))
        const rawHeaders = Object.entries(expected).flatMap(([name, list]) => list.flatMap((value) => [name, value]))
        expect(toProxyEvent(requestOf({ rawHeaders })).multiValueHeaders).toEqual(expected)
      }),
    )
  })

  it('are one header however they are spelt, the last value counting', () => {
    const event = toProxyEvent(requestOf({ rawHeaders: ['X-A', '1', 'x-a', '2'] }))
    expect(event).toMatchObject({ headers: { 'X-A': '2' }, multiValueHeaders: { 'X-A': ['1', '2'] } })
  })

  it('leave out what is between client and front', () => {
    const event = toProxyEvent(
      requestOf({ rawHeaders: ['Connection', 'close', 'Content-Length', '3', 'Accept', '*/*'] }),
    )
    expect(event.headers).toEqual({ Accept: '*/*' })
  })
})

describe('the body of an event', () => {
  it('gives back the bytes that came', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (body) => {
        const event = toProxyEvent(requestOf({ body }))
        const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
        expect(bytes.equals(Buffer.from(body))).toBe(true)
      }),
    )
  })

  it('is text where it is UTF-8, a byte order mark included', () => {
    const text = '\u{feff}{"payload":"h\u{fc}\u{1f407}"}'
    expect(toProxyEvent(requestOf({ body: Buffer.from(text) }))).toMatchObject({ body: text, isBase64Encoded: false })
  })

  it('is base64 where it is not UTF-8', () => {
    expect(toProxyEvent(requestOf({ body: Uint8Array.of(0xff) }))).toMatchObject({
      body: '/w==',
      isBase64Encoded: true,
    })
  })

  it('is null where there is none', () => {
    expect(toProxyEvent(requestOf({})).body).toBeNull()
  })
})

describe('the context of an event', () => {
  it('tells who asked, with what, and when', () => {
    const event = toProxyEvent(requestOf({ method: 'PUT', rawHeaders: ['User-Agent', 'pika'] }))
    expect(event).toMatchObject({
      httpMethod: 'PUT',
      requestContext: {
        httpMethod: 'PUT',
        requestId: 'r-1',
        requestTimeEpoch: 1_700_000_000_000,
        identity: { sourceIp: '127.0.0.1', userAgent: 'pika' },
      },
    })
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../lib/local/http-server.ts'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { type EmbeddedLeveret, useLeveret } from '../support/embedded.ts'
import { runLeveret } from './spawn-leveret.ts'

type Definitions = Record<string, Record<string, unknown>[]>

const RABBITMQ_FILE = new URL('../integration/fixtures/definitions-rabbitmq-3.10.json', import.meta.url).pathname

/** A file of one vhost's topology; `queues` queues and as many bindings as they can have keys. */
function wideFile(
  vhost: string,
  { queues, bindings, filler = '' }: { queues: number; bindings: number; filler?: string },
) {
  return {
    rabbit_version: '3.13.7',
    vhosts: [{ name: vhost }],
    exchanges: [{ name: 'events', vhost, type: 'topic', durable: true, auto_delete: false, arguments: {} }],
    queues: Array.from({ length: queues }, (_, index) => ({ name: `q${index}`, vhost, durable: true, arguments: {} })),
    bindings: Array.from({ length: bindings }, (_, index) => ({
      source: 'events',
      vhost,
      destination: `q${index % queues}`,
      destination_type: 'queue',
      routing_key: `key.${index}`,
      arguments: filler === '' ? {} : { filler, weight: 1 },
    })),
  }
}

function fileWith(content: unknown): string {
  const file = join(temporaryDirectory(), 'definitions.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

const importInto = (broker: EmbeddedLeveret, file: string, ...args: string[]) =>
  runLeveret(['import', file, '--url', broker.running.url, ...args])

async function exportOf(broker: EmbeddedLeveret, ...args: string[]): Promise<Definitions> {
  const file = join(temporaryDirectory(), 'exported.json')
  const { code, output } = await runLeveret(['export', file, '--url', broker.running.url, ...args])
  expect(code, output).toBe(0)
  return JSON.parse(readFileSync(file, 'utf8'))
}

const definitionsOf = async (broker: EmbeddedLeveret, vhost?: string) =>
  (await broker.call('GET', vhost === undefined ? '/api/definitions' : `/api/definitions/${vhost}`)).body as Definitions

/** Lists in an order of their own: bit by bit they come sorted, otherwise as they were made. */
const unordered = (file: Definitions): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(file).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((item) => JSON.stringify(Object.entries(item).sort())).sort() : value,
    ]),
  )

describe('leveret import and export', { timeout: 60_000 }, () => {
  const source = useLeveret()
  const target = useLeveret()

  it('imports 3,000 bindings in several requests and tells how far it is', async () => {
    const { code, output, printed } = await importInto(
      source,
      fileWith(wideFile('wide', { queues: 20, bindings: 3000 })),
    )
    expect({ code, printed }).toEqual({ code: 0, printed: '' })
    expect(output.match(/^\d+ of 3022 objects imported$/gm)).toEqual([
      '1000 of 3022 objects imported',
      '2000 of 3022 objects imported',
      '3000 of 3022 objects imported',
      '3022 of 3022 objects imported',
    ])
    expect((await definitionsOf(source, 'wide')).bindings).toHaveLength(3000)
  })

  it('imports what RabbitMQ exported, and tells what it leaves out', async () => {
    const { code, output } = await importInto(source, RABBITMQ_FILE)
    expect(code).toBe(0)
    expect(output).toMatch(/^warning: queues\[\d+\]: the stream 'log' was left out/m)
    expect((await definitionsOf(source, 'orders')).bindings?.length).toBeGreaterThan(900)
  })

  it('exports what the broker exports, and another broker that imports it exports the same', async () => {
    const exported = await exportOf(source)
    expect(unordered(exported)).toEqual(unordered(await definitionsOf(source)))
    expect(await importInto(target, fileWith(exported))).toMatchObject({ code: 0 })
    expect(unordered(await exportOf(target))).toEqual(unordered(exported))
    expect(await importInto(target, fileWith(exported))).toMatchObject({ code: 0 })
    expect(unordered(await definitionsOf(target))).toEqual(unordered(exported))
  })

  it('exports one vhost without its name, and imports it under another', async () => {
    const exported = await exportOf(source, '--vhost', 'orders')
    expect(exported).toEqual(await definitionsOf(source, 'orders'))
    await target.call('PUT', '/api/vhosts/moved', {})
    expect(await importInto(target, fileWith(exported), '--vhost', 'moved')).toMatchObject({ code: 0 })
    expect(unordered(await definitionsOf(target, 'moved'))).toEqual(unordered(exported))
  })

  it('exports bit by bit what does not fit one answer', async () => {
    const file = wideFile('heavy', { queues: 3, bindings: 3200, filler: 'x'.repeat(2000) })
    expect(await importInto(source, fileWith(file))).toMatchObject({ code: 0 })
    expect((await source.call('GET', '/api/definitions/heavy')).status).toBe(400)
    const exported = await exportOf(source, '--vhost', 'heavy')
    expect(exported.exchanges).toMatchObject([{ name: 'events', type: 'topic', durable: true }])
    expect(exported.queues?.map(({ name }) => name)).toEqual(['q0', 'q1', 'q2'])
    const bindings = file.bindings.map(({ vhost: _left, ...binding }) => binding)
    expect(unordered({ bindings: exported.bindings ?? [] })).toEqual(unordered({ bindings }))
    expect(await source.call('DELETE', '/api/vhosts/heavy')).toMatchObject({ status: 204 })
  })

  it('prints to standard output what it is given no file for', async () => {
    const { code, printed } = await runLeveret(['export', '--vhost', 'orders', '--url', `${source.running.url}/api/`])
    expect(code).toBe(0)
    expect(JSON.parse(printed)).toEqual(await definitionsOf(source, 'orders'))
  })
})

describe('a file that is broken', { timeout: 60_000 }, () => {
  const leveret = useLeveret()

  it.each([
    [
      'JSON that ends too early',
      '{"queues": [\n  {"name": "a"}',
      /definitions.json, line 2, column 16: this is not JSON/,
    ],
    ['JSON with a comma too many', '{"queues": [],\n}', /line 2, column 1: this is not JSON/],
    ['no object', '[]', /a definitions file is a JSON object/],
    [
      'a field of the wrong type',
      {
        queues: [
          { name: 'a', vhost: '/' },
          { name: 1, vhost: '/' },
        ],
      },
      /queues\[1\]\.name must be a string/,
    ],
    ['an integer beyond 64 bits', '{"queues": 99999999999999999999}', /integer beyond 64 bits/],
    ['the file of a single vhost', { queues: [{ name: 'a' }] }, /queues\[0\]\.vhost is missing/],
    ['a binding in the last part that leads nowhere', brokenAtTheEnd(), /no queue 'missing' in vhost '\/'/],
    ['a vhost that is nowhere', unknownVhost(), /create virtual host "nowhere"/],
  ])('changes nothing and says where: %s', async (_what, content, why) => {
    const before = await definitionsOf(leveret)
    const { code, output } = await importInto(leveret, fileWith(content))
    expect(code).toBe(1)
    expect(output).toMatch(why)
    expect(output).not.toMatch(/ {4}at /)
    expect(await definitionsOf(leveret)).toEqual(before)
  })

  it('is named where it cannot be read', async () => {
    const missing = join(temporaryDirectory(), 'missing.json')
    expect(await importInto(leveret, missing)).toMatchObject({ code: 1, output: expect.stringContaining(missing) })
  })
})

function brokenAtTheEnd() {
  const file = wideFile('/', { queues: 5, bindings: 2500 })
  const last = { source: 'events', vhost: '/', destination: 'missing', destination_type: 'queue', routing_key: 'x' }
  return { ...file, bindings: [...file.bindings, last] }
}

function unknownVhost() {
  const { vhosts: _left, ...file } = wideFile('nowhere', { queues: 5, bindings: 1500 })
  return file
}

describe('a broker that is out of sorts', { timeout: 60_000 }, () => {
  const file = () => fileWith({ queues: [{ name: 'a', vhost: '/' }] })

  /** Answers one request after the other with these, then with 204. */
  async function startMoody(answers: readonly (readonly [number, Record<string, string>, string])[]) {
    const requests: string[] = []
    const rest = [...answers]
    const server = await listen(0, async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      requests.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`)
      const [status, headers, body] = rest.shift() ?? [204, {}, '']
      response.writeHead(status, headers).end(body)
    })
    onTestFinished(() => server.close())
    return { url: server.url, requests }
  }

  it('is asked again when it says so, and the progress that it tells is passed on', async () => {
    const body = JSON.stringify({ error: 'service_unavailable', reason: '1 of 2 done: repeat the import to go on' })
    const { url, requests } = await startMoody([
      [503, { 'retry-after': '0' }, body],
      [502, {}, 'not JSON'],
    ])
    const { code, output } = await runLeveret(['import', file(), '--url', url])
    expect(code).toBe(0)
    expect(output).toMatch(/^1 of 2 done.*; trying again$/m)
    expect(new Set(requests)).toEqual(new Set(['POST /api/definitions {"queues":[{"name":"a","vhost":"/"}]}']))
    expect(requests).toHaveLength(3)
  })

  it('is given up at once where it refuses, in its own words', async () => {
    const { url, requests } = await startMoody([[400, {}, JSON.stringify({ error: 'bad_request', reason: 'no room' })]])
    expect(await runLeveret(['import', file(), '--url', url])).toMatchObject({
      code: 1,
      output: 'the broker refused: no room\n',
    })
    expect(requests).toHaveLength(1)
  })

  it('is given up at once where it does not let the user in', async () => {
    const { url } = await startMoody([[401, {}, JSON.stringify({ error: 'not_authorised', reason: 'Login failed' })]])
    const env = { LEVERET_PASSWORD: 'wrong' }
    const { code, output } = await runLeveret(['import', file(), '--url', url, '--user', 'someone'], env)
    expect(code).toBe(1)
    expect(output).toMatch(/does not let this user in/)
    expect(output).not.toContain('wrong')
  })

  it('is not followed to another address with the password', async () => {
    const { url, requests } = await startMoody([[302, { location: 'http://127.0.0.1:9/' }, '']])
    const { code, output } = await runLeveret(['export', '--vhost', 'x', '--url', url])
    expect(code).toBe(1)
    expect(output).toMatch(/is at http:\/\/127.0.0.1:9\/: give that address as --url/)
    expect(requests).toHaveLength(1)
  })

  it('is named where nobody answers', async () => {
    const server = await listen(0, async () => undefined)
    await server.close()
    const { code, output } = await runLeveret(['import', file(), '--url', server.url])
    expect(code).toBe(1)
    expect(output).toMatch(/^nothing answers at http:\/\/127.0.0.1:\d+: .*ECONNREFUSED/)
  })
})

import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { confined, GUEST, reading, refusable, THERE } from './hostile-requests.ts'
import { type RawAnswer, RawConnection, type RawRequest } from './raw-http.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

/** Ten thousand in all. */
const RUNS = { refusable: 6_000, reading: 1_500, confined: 2_500 }
const SEED = 20_260_131
const CONNECTIONS = 16

beforeAll(async () => {
  await story.queue(THERE)
  await story.exchange(THERE, 'topic')
  await story.bind(THERE, THERE, 'k')
  await story.publish('', { routing_key: THERE, payload: 'untouched' })
})

interface Sent {
  readonly request: RawRequest
  readonly answer: RawAnswer
}

/** Sends them over a few connections that are kept open, each as soon as one is free. */
async function sendAll(requests: readonly RawRequest[]): Promise<Sent[]> {
  const port = Number(new URL(leveret.running.url).port)
  const waiting = requests.values()
  const sent: Sent[] = []
  const work = async (): Promise<void> => {
    const connection = new RawConnection(port)
    for (const request of waiting) sent.push({ request, answer: await sendOne(connection, request) })
    connection.close()
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  return sent
}

async function sendOne(connection: RawConnection, request: RawRequest): Promise<RawAnswer> {
  try {
    return await connection.send(request)
  } catch (error) {
    throw new Error(describeRequest(request), { cause: error })
  }
}

const describeRequest = ({ method, target, body, headers }: RawRequest): string =>
  `${method} ${target.slice(0, 200)} ${JSON.stringify(headers).slice(0, 200)} ${Buffer.from(body ?? [])
    .toString()
    .slice(0, 300)}`

const report = (sent: readonly Sent[]): string[] =>
  sent
    .slice(0, 20)
    .map(({ request, answer }) => `${describeRequest(request)} -> ${answer.status} ${answer.body.slice(0, 300)}`)

/** RabbitMQ's form: `{error, reason}` as JSON. Some answers have no body (contract §1.1: no credentials, a bad header). */
function isWellFormed({ status, headers, body }: RawAnswer): boolean {
  if (status >= 500 || status < 200) return false
  if (status < 400 || body === '') return true
  if (headers.get('content-type') !== 'application/json') return false
  const { error, reason } = JSON.parse(body) as Record<string, unknown>
  return typeof error === 'string' && error !== '' && (typeof reason === 'string' || Array.isArray(reason))
}

async function definitions(): Promise<Record<string, unknown>> {
  const { status, body } = await story.call('GET', '/api/definitions')
  expect(status).toBe(200)
  return body as Record<string, unknown>
}

const sample = (requests: fc.Arbitrary<RawRequest>, numRuns: number): RawRequest[] =>
  fc.sample(requests, { seed: SEED, numRuns })

describe('hostile requests', { timeout: 60_000 }, () => {
  test('that have something wrong with them are all refused in RabbitMQ’s form, and change nothing', async () => {
    const before = await definitions()
    const sent = await sendAll(sample(refusable, RUNS.refusable))
    expect(sent).toHaveLength(RUNS.refusable)
    expect(report(sent.filter(({ answer }) => !isWellFormed(answer)))).toEqual([])
    expect(report(sent.filter(({ answer }) => answer.status < 400))).toEqual([])
    expect(await definitions()).toEqual(before)
    expect((await story.call('GET', story.path('queues', THERE))).body).toMatchObject({
      messages: 1,
      messages_ready: 1,
    })
  })

  test('that only read are answered, whatever their queries and headers hold', async () => {
    const before = await definitions()
    const sent = await sendAll(sample(reading, RUNS.reading))
    expect(report(sent.filter(({ answer }) => !isWellFormed(answer)))).toEqual([])
    expect(await definitions()).toEqual(before)
  })

  test('of a user with one vhost stay in it, and leave it sound', async () => {
    const inVhost = await story.inVhost(unique('sandbox'))
    const login = await inVhost.user('policymaker', { configure: '.*', write: '.*', read: '.*' })
    const outside = async () => {
      const all = Object.entries(await definitions())
      const isOutside = (item: { vhost?: string }) => item.vhost !== inVhost.vhost
      return Object.fromEntries(
        all.map(([name, items]) => [name, Array.isArray(items) ? items.filter(isOutside) : items]),
      )
    }
    for (const name of ['a', 'b']) {
      await inVhost.queue(name)
      await inVhost.exchange(name, 'topic')
    }
    const before = await outside()
    const sent = await sendAll(sample(confined(inVhost.vhost, login), RUNS.confined))
    // Who reads a queue while somebody else deletes it is told to come again, and then how things stand.
    const comeAgain = sent.filter(({ answer }) => answer.status === 503 && answer.headers.has('retry-after'))
    const again = await sendAll(comeAgain.map(({ request }) => request))
    const outcomes = [...sent.filter((one) => !comeAgain.includes(one)), ...again]
    expect(report(outcomes.filter(({ answer }) => !isWellFormed(answer)))).toEqual([])
    // Something must have got through, or this says nothing.
    expect(outcomes.filter(({ answer }) => answer.status === 201).length).toBeGreaterThan(50)
    expect({ ...(await outside()), global_parameters: [] }).toEqual({ ...before, global_parameters: [] })
    const exported = await story.call('GET', `/api/definitions/${inVhost.vhost}`)
    const copy = await story.inVhost(unique('copy'))
    expect(await story.call('POST', `/api/definitions/${copy.vhost}`, exported.body)).toMatchObject({ status: 204 })
    expect((await story.call('GET', `/api/definitions/${copy.vhost}`)).body).toEqual(exported.body)
  })

  test('larger than a request may be are refused, and the connection can be used on', async () => {
    const connection = new RawConnection(Number(new URL(leveret.running.url).port))
    const target = story.path('queues', unique('large'))
    for (const sizeBytes of [10_485_761, 12_000_000]) {
      const answer = await connection.send({
        method: 'PUT',
        target,
        headers: GUEST,
        body: Buffer.alloc(sizeBytes, ' '),
      })
      expect(answer).toMatchObject({ status: 413 })
      expect(isWellFormed(answer)).toBe(true)
    }
    const small = await connection.send({ method: 'GET', target, headers: GUEST })
    expect(small).toMatchObject({ status: 404, body: '{"error":"Object Not Found","reason":"Not Found"}' })
    connection.close()
  })
})

test('after all of that the broker works', async () => {
  expect(await story.publish(THERE, { routing_key: 'k', payload: 'as ever' })).toBe(true)
  expect((await story.get(THERE)).map(({ payload }) => payload).sort()).toEqual(['as ever', 'untouched'])
})

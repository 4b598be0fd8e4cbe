import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AmqpDistortion, startDistortedAmqp } from './support/amqp-distortion.ts'
import { amqpProperty } from './support/compare-amqp.ts'
import { listingProperty } from './support/compare-listing.ts'
import { managementProperty } from './support/compare-management.ts'
import { placementProperty } from './support/compare-placement.ts'
import { routingProperty } from './support/compare-routing.ts'
import { type Distortion, startDistorted } from './support/distortion.ts'
import { openReference, type Pair, pairOf, type Running } from './support/pair.ts'
import { findFailure, type Property } from './support/property.ts'

const runs = 12

/** The comparison must see every one of these faults, planted between it and a RabbitMQ. */
const routingFaults: Record<string, Distortion> = {
  'one copy too few': {
    answer: (_method, path, answer) => (path.endsWith('/q0/get') ? dropFirst(answer) : answer),
  },
  'an answer that says routed when nothing was': {
    answer: (_method, _path, answer) => ({ ...answer, body: answer.body.replace('"routed":false', '"routed":true') }),
  },
  'a double that comes back as an integer': {
    answer: (_method, path, answer) =>
      path.endsWith('/get') ? { ...answer, body: answer.body.replaceAll(/:1\.0\b/g, ':1') } : answer,
  },
  'BCC left in the headers': {
    request: (_method, _path, body) => body.replace('"BCC":', '"BCC ":'),
  },
  'a topic wildcard taken literally': {
    request: (_method, path, body) => (path.includes('/definitions/') ? body.replaceAll('.*', '.+') : body),
  },
}

const managementFaults: Record<string, Distortion> = {
  '204 instead of 201 for something new': {
    answer: (method, path, answer) =>
      method === 'PUT' && path.includes('/queues/') && answer.status === 201 ? { ...answer, status: 204 } : answer,
  },
  'another text of an inequivalent argument': {
    answer: (_method, _path, answer) => ({ ...answer, body: answer.body.replace('but current is', 'but is') }),
  },
  'a binding that stays': {
    answer: (method, path, answer) =>
      method === 'GET' && path.startsWith('/api/bindings/') ? { ...answer, body: '[]' } : answer,
  },
}

const amqpFaults: Record<string, AmqpDistortion> = {
  'a confirm that does not come': (method) =>
    method.name === 'basic.ack' && method.deliveryTag === 1 ? undefined : method,
  'a message that is not returned': (method) => (method.name === 'basic.return' ? undefined : method),
  'an error of another code': (method) =>
    method.name === 'channel.close' && method.replyCode === 404 ? { ...method, replyCode: 403 } : method,
  'a message that does not say that it was delivered before': (method) =>
    method.name === 'basic.deliver' ? { ...method, redelivered: false } : method,
}

describe('the differential harness', () => {
  let reference: Running

  beforeAll(async () => {
    reference = await openReference()
  })
  afterAll(async () => {
    await reference?.close()
  })

  async function failureWith<T>(
    distortion: Distortion,
    property: (pair: Pair) => Property<T>,
    minimiseLimitMs = 0,
  ): Promise<string | undefined> {
    const faulty = await startDistorted(reference.url, distortion)
    const pair = pairOf({ url: reference.url, close: async () => {} }, faulty)
    try {
      return (await findFailure(property(pair), { runs, seed: 1, minimiseLimitMs }))?.error.message
    } finally {
      await pair.close()
    }
  }

  test('reports nothing when a RabbitMQ is compared with itself', async () => {
    expect(await failureWith({}, routingProperty)).toBeUndefined()
    expect(await failureWith({}, placementProperty)).toBeUndefined()
    expect(await failureWith({}, managementProperty)).toBeUndefined()
    expect(await failureWith({}, listingProperty)).toBeUndefined()
  })

  test.each(Object.entries(routingFaults))('reports %s, with a repro', async (_name, fault) => {
    expect(await failureWith(fault, routingProperty)).toMatch(/Repro:\nfor B in [\s\S]*curl [\s\S]*\/publish/)
  })

  test.each(Object.entries(managementFaults))('reports %s, with a repro', async (_name, fault) => {
    expect(await failureWith(fault, managementProperty)).toMatch(/Repro:\nfor B in [\s\S]*curl/)
  })

  test('reports a list in another order, with a repro', async () => {
    const fault: Distortion = { answer: (_method, _path, answer) => ({ ...answer, body: swapFirstTwo(answer.body) }) }
    expect(await failureWith(fault, listingProperty)).toMatch(/lists differently[\s\S]*Repro:\nfor B in/)
  })

  async function amqpFailureWith(distort: AmqpDistortion, limitMs?: number): Promise<string | undefined> {
    const { amqpUrl, ...rest } = reference
    if (amqpUrl === undefined) throw new Error('set RABBITMQ_AMQP where RABBITMQ_HTTP is set')
    const [http, amqp] = await Promise.all([startDistorted(reference.url, {}), startDistortedAmqp(amqpUrl, distort)])
    const pair = pairOf({ ...rest, amqpUrl, close: async () => {} }, { ...http, amqpUrl: amqp.amqpUrl })
    try {
      return (await findFailure(amqpProperty(pair, limitMs), { runs: 5, seed: 1, minimiseLimitMs: 0 }))?.error.message
    } finally {
      await pair.close()
      amqp.close()
    }
  }

  test('reports nothing when a RabbitMQ is compared with itself over AMQP', async () => {
    expect(await amqpFailureWith((method) => method)).toBeUndefined()
  })

  test.each(Object.entries(amqpFaults))('reports %s, with the steps that lead to it', async (_name, fault) => {
    // What is missing is missed sooner than between brokers that may only be slow.
    expect(await amqpFailureWith(fault, 1_000)).toMatch(/After the last of these:\n[\s\S]*RabbitMQ: /)
  })

  test('makes a failing case as small as it can be', async () => {
    const fault: Distortion = {
      request: (_method, _path, body) => body.replace('"BCC":', '"BCC ":'),
    }
    const report = await failureWith(fault, routingProperty, 30_000)
    expect(report?.match(/\/publish'/g)).toHaveLength(1)
  })

  test('reports two queues for one hash key, with a repro', async () => {
    let count = 0
    const fault: Distortion = {
      request(_method, path, body) {
        if (!path.endsWith('/publish')) return body
        count += 1
        return body.replace(/"routing_key":"0"/, `"routing_key":"0-${count}"`)
      },
    }
    expect(await failureWith(fault, placementProperty)).toMatch(/key 0 is in q\d and in q\d/)
  })
})

function dropFirst(answer: { status: number; body: string }): { status: number; body: string } {
  const messages: unknown = JSON.parse(answer.body)
  return Array.isArray(messages) && messages.length > 1
    ? { ...answer, body: JSON.stringify(messages.slice(1)) }
    : answer
}

function swapFirstTwo(body: string): string {
  const list: unknown = body === '' ? undefined : JSON.parse(body)
  if (!Array.isArray(list) || list.length < 2) return body
  const [first, second, ...rest] = list
  return JSON.stringify([second, first, ...rest])
}

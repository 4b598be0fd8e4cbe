import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { declareQueue, importQueues } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { finishIntents } from '../../lib/broker/finish-intents.ts'
import { remakeMissing } from '../../lib/broker/remake-sqs-queues.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  faulty.fault = () => undefined
})

const ELEVEN_MINUTES_MS = 11 * 60_000
const AN_HOUR_MS = 60 * 60_000

let count = 0
const declaration = () => {
  count += 1
  return { name: `queue-${count}`, durable: true, autoDelete: false, arguments: {} }
}

class Down extends Error {
  override readonly name = 'ServiceUnavailable'
}

/** The SQS queues whose names SQS was asked to create, and that still exist. */
async function survivors(names: readonly string[]): Promise<string[]> {
  const { queues } = faulty.broker.delivery
  const found = await Promise.all(names.map(async (name) => ((await queues.attributes(name)) ? [name] : [])))
  return found.flat()
}

function recordCreated(): string[] {
  const created: string[] = []
  faulty.fault = (method, input) => {
    if (method === 'createQueue') created.push((input as { QueueName: string }).QueueName)
  }
  return created
}

describe('declaring a queue', () => {
  test('twice at the same time makes one queue, and leaves one SQS queue', async () => {
    const created = recordCreated()
    const same = declaration()
    const sessions = await Promise.all([faulty.session(), faulty.session(), faulty.session()])
    const outcomes = await Promise.all(sessions.map((session) => declareQueue(session, same)))
    expect(outcomes.sort()).toEqual(['created', 'existing', 'existing'])
    expect(created).toHaveLength(3)
    const [owned] = (await faulty.session()).vhost.queueByName(same.name)?.sqsQueues ?? []
    expect(await survivors(created)).toEqual([owned?.name])
  })

  test('leaves no SQS queue behind when it is refused after all', async () => {
    const created = recordCreated()
    const same = declaration()
    const sessions = await Promise.all([faulty.session(), faulty.session()])
    const other = { ...same, autoDelete: true }
    const outcomes = await Promise.allSettled([declareQueue(sessions[0], same), declareQueue(sessions[1], other)])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { kind: 'precondition-failed' },
    })
    expect(await survivors(created)).toHaveLength(1)
  })

  test('that dies after CreateQueue is cleared away by the clock, and can be repeated', async () => {
    const created: string[] = []
    const same = declaration()
    faulty.fault = (method, input) => {
      if (method === 'createQueue') created.push((input as { QueueName: string }).QueueName)
      // What comes after the creation, including clearing up, fails as if the process had died.
      if (method === 'deleteQueue') throw new Down()
    }
    const { journals } = faulty.broker
    const { transact } = journals
    // The first transaction finds that there is no such queue, the second would commit it.
    const transactions = vi.spyOn(journals, 'transact')
    transactions.mockImplementationOnce(transact.bind(journals)).mockRejectedValueOnce(new Down())
    await expect(declareQueue(await faulty.session(), same)).rejects.toThrow(Down)
    transactions.mockRestore()
    faulty.fault = () => undefined
    expect(await survivors(created)).toHaveLength(1)
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect(await survivors(created)).toEqual([])
    expect(await declareQueue(await faulty.session(), same)).toBe('created')
    await finishIntents(faulty.broker)
    expect((await faulty.session()).vhost.queueByName(same.name)).toBeDefined()
  })

  test('keeps its SQS queue when a put of the intent arrives once more after the commit has taken it', async () => {
    const created = recordCreated()
    const { intents } = faulty.broker.journals
    const puts = vi.spyOn(intents, 'put')
    const same = declaration()
    await declareQueue(await faulty.session(), same)
    const [[intent] = []] = puts.mock.calls
    puts.mockRestore()
    if (intent === undefined) throw new Error('no intent was put')
    await intents.put(intent)
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect(await survivors(created)).toEqual(created)
    faulty.aheadMs += AN_HOUR_MS
    await finishIntents(faulty.broker)
    expect(await intents.olderThan(0)).toEqual([])
  })

  test('that was given up makes no queue when its put and its commit arrive after all', async () => {
    const created = recordCreated()
    const { journals } = faulty.broker
    const { transact } = journals
    const puts = vi.spyOn(journals.intents, 'put')
    const late: Parameters<typeof transact>[0][] = []
    const transactions = vi.spyOn(journals, 'transact')
    // The first transaction finds that there is no such queue, the second is on its way for longer than anybody waits.
    transactions.mockImplementationOnce(transact.bind(journals)).mockImplementationOnce(async (request) => {
      late.push(request)
      throw new Down()
    })
    const same = declaration()
    await expect(declareQueue(await faulty.session(), same)).rejects.toThrow(Down)
    transactions.mockRestore()
    const [[intent] = []] = puts.mock.calls
    puts.mockRestore()
    expect(await survivors(created)).toEqual([])
    if (intent === undefined || late[0] === undefined) throw new Error('nothing was on its way')
    await journals.intents.put(intent)
    await expect(transact.call(journals, late[0])).rejects.toMatchObject({ kind: 'unavailable' })
    expect((await faulty.session()).vhost.queueByName(same.name)).toBeUndefined()
  })

  test('whose intent the clock took over meanwhile fails, and makes no queue', async () => {
    const same = declaration()
    const created: string[] = []
    const pending: Promise<void>[] = []
    faulty.fault = (method, input) => {
      if (method !== 'createQueue') return
      created.push((input as { QueueName: string }).QueueName)
      faulty.aheadMs += ELEVEN_MINUTES_MS
      pending.push(finishIntents(faulty.broker))
    }
    const { createQueue } = { createQueue: faulty.broker.delivery.queues.create.bind(faulty.broker.delivery.queues) }
    faulty.broker.delivery.queues.create = async (name, options) => {
      await createQueue(name, options)
      await Promise.all(pending)
    }
    await expect(declareQueue(await faulty.session(), same)).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.broker.delivery.queues.create = createQueue
    faulty.fault = () => undefined
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect((await faulty.session()).vhost.queueByName(same.name)).toBeUndefined()
    expect(await survivors(created)).toEqual([])
  })
})

describe('importing queues', () => {
  test('makes the missing ones under one intent and passes over those that exist', async () => {
    const existing = declaration()
    await declareQueue(await faulty.session(), existing)
    const created = recordCreated()
    const missing = Array.from({ length: 12 }, declaration)
    const versions = await importQueues(await faulty.session(), [{ ...existing, autoDelete: true }, ...missing])
    expect(versions.length).toBeGreaterThan(0)
    expect(created).toHaveLength(12)
    const { vhost } = await faulty.session()
    expect(missing.every(({ name }) => vhost.queueByName(name) !== undefined)).toBe(true)
    expect(vhost.queueByName(existing.name)?.autoDelete).toBe(false)
  })

  test('that are refused make no SQS queue', async () => {
    const created = recordCreated()
    const bad = { ...declaration(), arguments: { 'x-message-ttl': 'soon' } }
    await expect(importQueues(await faulty.session(), [declaration(), bad])).rejects.toMatchObject({ kind: 'invalid' })
    expect(created).toEqual([])
  })
})

describe('deleting a queue', () => {
  test('is done once it is committed; an SQS queue that resists goes later', async () => {
    const created = recordCreated()
    const { name } = declaration()
    await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: {} })
    faulty.fault = (method) => {
      if (method === 'deleteQueue') throw new Down()
    }
    await deleteQueue(await faulty.session(), { name, ifEmpty: false })
    expect((await faulty.session()).vhost.queueByName(name)).toBeUndefined()
    expect(await survivors(created)).toHaveLength(1)
    faulty.fault = () => undefined
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect(await survivors(created)).toEqual([])
  })
})

describe('creating many SQS queues', () => {
  test('that fails for one begins no more of them, and leaves what is there to the clock', async () => {
    const created: string[] = []
    faulty.fault = (method, input) => {
      if (method !== 'createQueue') return
      if (created.length === 3) throw new Down()
      created.push((input as { QueueName: string }).QueueName)
    }
    const declarations = Array.from({ length: 60 }, declaration)
    await expect(importQueues(await faulty.session(), declarations)).rejects.toThrow(Down)
    faulty.fault = () => undefined
    expect(created.length).toBeLessThan(20)
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect(await survivors(created)).toEqual([])
  })
})

describe('declaring a queue again whose SQS queue is gone', () => {
  async function lost() {
    const same = declaration()
    const created = recordCreated()
    await declareQueue(await faulty.session(), same)
    await faulty.broker.delivery.queues.deleteAll(created, 1)
    faulty.aheadMs += ELEVEN_MINUTES_MS
    return { same, created: [...created] }
  }

  test('is repeated where SQS failed', async () => {
    const { same, created } = await lost()
    faulty.fault = (method) => {
      if (method === 'createQueue') throw new Down()
    }
    await expect(declareQueue(await faulty.session(), same)).rejects.toThrow(Down)
    faulty.fault = () => undefined
    expect(await declareQueue(await faulty.session(), same)).toBe('existing')
    expect(await survivors(created)).toEqual(created)
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect(await survivors(created)).toEqual(created)
  })

  test('leaves none behind where the queue is deleted meanwhile', async () => {
    const { same, created } = await lost()
    const { queues } = faulty.broker.delivery
    const create = queues.create.bind(queues)
    const creating = vi.spyOn(queues, 'create').mockImplementationOnce(async (name) => {
      await deleteQueue(await faulty.session(), { name: same.name, ifEmpty: false })
      await create(name)
    })
    await declareQueue(await faulty.session(), same)
    creating.mockRestore()
    expect(await survivors(created)).toEqual([])
  })

  test('does not fail because SQS cannot be asked, as nothing has to be changed', async () => {
    const same = declaration()
    await declareQueue(await faulty.session(), same)
    faulty.fault = (method) => {
      if (method === 'getQueueAttributes') throw new Down()
    }
    expect(await declareQueue(await faulty.session(), same)).toBe('existing')
  })

  test('leaves alone what the broker did not make', async () => {
    const same = declaration()
    await declareQueue(await faulty.session(), same)
    const { vhost } = await faulty.session()
    const queue = vhost.queueByName(same.name)
    if (!queue) throw new Error('the queue is missing')
    const created = recordCreated()
    await remakeMissing(await faulty.session(), { ...queue, sqsQueues: [{ name: 'of-others' }] })
    expect(created).toEqual([])
  })
})

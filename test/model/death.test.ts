import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AmqpTable, Typed } from '../../lib/model/amqp-value.ts'
import { type Death, type DeathReason, deadLettered, mayEnter } from '../../lib/model/death.ts'
import type { Message } from '../../lib/model/message.ts'

const published: Message = {
  exchange: 'orders',
  routingKey: 'new',
  properties: { expiration: '60000', headers: { kept: 1, CC: ['copy'] } },
  payload: Buffer.from('x'),
}

const death = (queue: string, reason: DeathReason = 'rejected', timeS = 1000): Death => ({
  queue,
  reason,
  timeS,
  routingKeys: ['new', 'copy'],
})

const headersOf = (message: Message): AmqpTable => message.properties.headers ?? {}
const toDlx = { exchange: 'dlx', routingKey: undefined }

describe('a dead message', () => {
  test('goes to the dead-letter exchange with its own keys, its history and without its expiration', () => {
    const dead = deadLettered(published, death('work'), toDlx)
    expect(dead).toMatchObject({ exchange: 'dlx', routingKey: 'new', payload: published.payload })
    expect(dead.properties.expiration).toBeUndefined()
    expect(headersOf(dead)).toEqual({
      kept: 1,
      CC: ['copy'],
      'x-first-death-exchange': 'orders',
      'x-first-death-queue': 'work',
      'x-first-death-reason': 'rejected',
      'x-last-death-exchange': 'orders',
      'x-last-death-queue': 'work',
      'x-last-death-reason': 'rejected',
      'x-death': [
        {
          count: 1,
          reason: 'rejected',
          queue: 'work',
          time: new Typed('timestamp', 1000),
          exchange: 'orders',
          'routing-keys': ['new', 'copy'],
          'original-expiration': '60000',
        },
      ],
    })
  })

  test('with a replacing key loses CC, so that nothing but that key routes it', () => {
    const dead = deadLettered(published, death('work'), { exchange: '', routingKey: 'bin' })
    expect(dead).toMatchObject({ exchange: '', routingKey: 'bin' })
    expect(headersOf(dead)).not.toHaveProperty('CC')
  })

  test('that dies again in the same way is counted at the front, with the time of its first death', () => {
    const once = deadLettered(published, death('work', 'rejected', 1000), toDlx)
    const twice = deadLettered(once, death('wait', 'expired', 2000), toDlx)
    const thrice = deadLettered(twice, death('work', 'rejected', 3000), toDlx)
    expect(headersOf(thrice)['x-death']).toMatchObject([
      { queue: 'work', reason: 'rejected', count: 2, time: new Typed('timestamp', 1000) },
      { queue: 'wait', reason: 'expired', count: 1 },
    ])
    expect(headersOf(thrice)).toMatchObject({ 'x-first-death-queue': 'work', 'x-last-death-queue': 'work' })
    expect(headersOf(twice)).toMatchObject({ 'x-first-death-queue': 'work', 'x-last-death-queue': 'wait' })
  })

  test('has one entry for each way of dying, whose counts add up to its deaths', () => {
    const deaths = fc.array(
      fc.record({ queue: fc.constantFrom('a', 'b', 'c'), reason: fc.constantFrom<DeathReason>('rejected', 'expired') }),
      { minLength: 1, maxLength: 30 },
    )
    fc.assert(
      fc.property(deaths, (all) => {
        const dead = all.reduce(
          (message, { queue, reason }) => deadLettered(message, death(queue, reason), toDlx),
          published,
        )
        const entries = headersOf(dead)['x-death'] as { queue: string; reason: string; count: number }[]
        const ways = new Set(all.map(({ queue, reason }) => `${queue} ${reason}`))
        expect(entries).toHaveLength(ways.size)
        expect(entries.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
        expect(entries[0]).toMatchObject(all.at(-1) ?? {})
      }),
    )
  })
})

describe('a cycle', () => {
  test('that no consumer took part in ends where it began', () => {
    const dead = deadLettered(published, death('work', 'expired'), toDlx)
    expect(mayEnter(dead, 'work')).toBe(false)
    expect(mayEnter(dead, 'elsewhere')).toBe(true)
  })

  test('with a rejection in it goes on, as the retry pattern needs', () => {
    const rejected = deadLettered(published, death('work', 'rejected'), toDlx)
    expect(mayEnter(rejected, 'work')).toBe(true)
    const expired = deadLettered(rejected, death('wait', 'expired'), toDlx)
    expect(mayEnter(expired, 'work')).toBe(true)
    expect(mayEnter(expired, 'wait')).toBe(false)
  })
})

import { afterAll, beforeAll, describe, test } from 'vitest'
import { deathProperty, expiryProperty } from './support/compare-deaths.ts'
import { openPair, type Pair } from './support/pair.ts'
import { checkProperty } from './support/property.ts'

describe('dead-lettering beside RabbitMQ', () => {
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(async () => {
    await pair?.close()
  })

  test('a message dies in the same queues, for the same reasons, with the same history', async () => {
    await checkProperty(deathProperty(pair), { runs: 30 })
  })

  test('a message expires in the same queues, by their time or its own, with the same history', async () => {
    await checkProperty(expiryProperty(pair), { runs: 1 })
  })
})

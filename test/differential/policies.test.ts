import { afterAll, beforeAll, describe, test } from 'vitest'
import { policiesProperty } from './support/compare-policies.ts'
import { openPair, type Pair } from './support/pair.ts'
import { checkProperty } from './support/property.ts'

describe('policies beside RabbitMQ', () => {
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(async () => {
    await pair?.close()
  })

  test('the same policies are in force for the same queues and exchanges, with the same effect', async () => {
    await checkProperty(policiesProperty(pair), { runs: 15 })
  })
})

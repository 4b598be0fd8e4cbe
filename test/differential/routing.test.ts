import { afterAll, beforeAll, describe, test } from 'vitest'
import { placementProperty } from './support/compare-placement.ts'
import { routingProperty } from './support/compare-routing.ts'
import { openPair, type Pair } from './support/pair.ts'
import { checkProperty } from './support/property.ts'

describe('routing beside RabbitMQ', () => {
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(async () => {
    await pair?.close()
  })

  test('the same topology and messages give the same answers and the same queue contents', async () => {
    await checkProperty(routingProperty(pair), { runs: 150 })
  })
  test('exchanges that choose one destination place every message once and every key in one queue', async () => {
    await checkProperty(placementProperty(pair), { runs: 150 })
  })
})

import { afterAll, beforeAll, describe, test } from 'vitest'
import { listingProperty } from './support/compare-listing.ts'
import { openPair, type Pair } from './support/pair.ts'
import { checkProperty } from './support/property.ts'

describe('lists beside RabbitMQ', () => {
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(async () => {
    await pair?.close()
  })

  test('the same query gives the same items in the same order, or the same error', async () => {
    await checkProperty(listingProperty(pair), { runs: 150 })
  })
})

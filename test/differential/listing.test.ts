import { afterAll, beforeAll, describe, test } from 'vitest'
import { listingCase } from './generators/listing.ts'
import { compareListing } from './support/compare-listing.ts'
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
    await checkProperty(listingCase, (queries) => compareListing(pair, queries), { runs: 150 })
  })
})

import { afterAll, beforeAll, describe, test } from 'vitest'
import { managementProperty } from './support/compare-management.ts'
import { openPair, type Pair } from './support/pair.ts'
import { checkProperty } from './support/property.ts'

describe('management calls beside RabbitMQ', () => {
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(async () => {
    await pair?.close()
  })

  test('the same sequence of calls gets the same answers and leaves the same objects', async () => {
    await checkProperty(managementProperty(pair), { runs: 200 })
  })
})

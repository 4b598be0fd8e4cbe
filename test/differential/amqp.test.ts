import { afterAll, beforeAll, describe, test } from 'vitest'
import { amqpProperty } from './support/compare-amqp.ts'
import { openPair, type Pair } from './support/pair.ts'
import { checkProperty } from './support/property.ts'

describe('AMQP 0-9-1 beside RabbitMQ', () => {
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
  })
  afterAll(async () => {
    await pair?.close()
  })

  test('the same methods on several channels get the same replies, errors and messages', async () => {
    await checkProperty(amqpProperty(pair), { runs: 10 })
  })
})

import { describe, expect, test } from 'vitest'
import { openDynamoDbStore } from '../../../lib/journal/dynamodb-store.ts'
import { encodeIntent } from '../../../lib/journal/intents.ts'
import { unique } from '../../integration/story.ts'
import { awsOptions, createQueue, invoke, queueUrls } from '../aws-calls.ts'
import { readOutputs } from '../deployment.ts'
import { siteFromEnvironment } from '../site.ts'

const site = siteFromEnvironment()
const ELEVEN_MINUTES_MS = 11 * 60_000
/** The rule fires each minute; what it calls may have to start, and wait for its turn. */
const TWO_TURNS_MS = 240_000

/** Makes an SQS queue of the broker and leaves it as somebody does who is to delete it and dies, eleven minutes ago. */
async function leaveQueueToDelete(): Promise<string> {
  const { NamePrefix, TopologyTable: topologyTable } = readOutputs(site)
  const id = unique('left')
  const sqsQueue = `${NamePrefix}-${id}`
  await createQueue(site, sqsQueue)
  const store = openDynamoDbStore({ aws: awsOptions(site), topologyTable })
  const createdMs = Date.now() - ELEVEN_MINUTES_MS
  await store.putIntent(encodeIntent({ id, state: 'deleting', createdMs, body: { sqsQueues: [sqsQueue] } }))
  store.close()
  return sqsQueue
}

describe('the clock', () => {
  test('is called by its rule each minute, and finishes what others left', { timeout: 300_000 }, async () => {
    const left = await leaveQueueToDelete()
    expect(await queueUrls(site, left)).toHaveLength(1)
    await expect.poll(() => queueUrls(site, left), { timeout: TWO_TURNS_MS, interval: 1_000 }).toEqual([])
  })

  test('runs without a fault when it is called', async () => {
    expect(await invoke(site, 'Clock', {})).toBe('null')
  })
})

import { afterAll, beforeAll, describe } from 'vitest'
import { defineFifoTests } from './sqs-queues/fifo.ts'
import { createSuite, type SqsBackend, type SqsQueuesOptions } from './sqs-queues/harness.ts'
import { defineQueueTests } from './sqs-queues/queues.ts'
import { defineReceiveTests } from './sqs-queues/receiving.ts'
import { defineRedriveTests } from './sqs-queues/redrive.ts'
import { defineSendTests } from './sqs-queues/sending.ts'
import { defineSettleTests } from './sqs-queues/settling.ts'

export type { SqsBackend, SqsQueuesOptions } from './sqs-queues/harness.ts'

/**
 * What this project relies on of SQS, through a stock SDK client, against any endpoint that speaks it.
 * A `skip` entry that names no test fails the suite: a behaviour that was renamed must not stay skipped unseen.
 */
export function describeSqsQueues({ name, start, skip = {} }: SqsQueuesOptions): void {
  describe(`SQS queues on ${name}`, () => {
    let backend: SqsBackend | undefined
    const titles = new Set<string>()
    const started = (): SqsBackend => {
      if (backend === undefined) throw new Error('the backend has not started')
      return backend
    }
    beforeAll(async () => {
      backend = await start()
    })
    afterAll(async () => {
      await backend?.stop()
      const unknown = Object.keys(skip).filter((title) => !titles.has(title))
      if (unknown.length > 0) throw new Error(`skip names tests that do not exist: ${unknown.join(', ')}`)
    })

    const suite = createSuite(started, skip, titles)
    defineQueueTests(suite)
    defineSendTests(suite)
    defineReceiveTests(suite)
    defineSettleTests(suite)
    defineRedriveTests(suite)
    defineFifoTests(suite)
  })
}

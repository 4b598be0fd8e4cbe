import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeSqsQueues } from '../../conformance/sqs-queues.ts'
import { startBackend } from './backend.ts'

describeSqsQueues({ name: 'the embedded engine, in memory', start: () => startBackend({ file: ':memory:' }) })

describeSqsQueues({
  name: 'the embedded engine, on disk',
  start: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'leveret-sqs-'))
    const backend = await startBackend({ file: join(folder, 'sqs.sqlite') })
    return {
      ...backend,
      stop: async () => {
        await backend.stop()
        await rm(folder, { recursive: true })
      },
    }
  },
})

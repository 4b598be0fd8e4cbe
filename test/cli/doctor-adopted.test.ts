import { expect, test } from 'vitest'
import { examine } from '../../lib/cli/doctor/examine.ts'
import { remedyFor } from '../../lib/cli/doctor/repair.ts'
import type { SqsInventory } from '../../lib/delivery/sqs-inventory.ts'
import { SqsQueues } from '../../lib/delivery/sqs-queues.ts'
import { engineSqs, QUEUE_URL_BASE } from '../api/support/engine-sqs.ts'

const NAME_PREFIX = 'leveret-test'
const OWNER = "queue 'invoices' in vhost '/'"

async function examineAdopted(name: string) {
  const location = { sqsQueueUrlBase: QUEUE_URL_BASE, sqsQueueArnBase: 'arn:aws:sqs:us-east-1:000000000000:' }
  const queues = new SqsQueues(engineSqs(), { namePrefix: NAME_PREFIX, ...location })
  await queues.create('Shop-invoices', { retentionS: 60 })
  const account = { declared: new Map([[name, { owner: OWNER, options: undefined }]]), inHand: new Set<string>() }
  const { findings } = await examine({ namePrefix: NAME_PREFIX, listed: [], account, queues })
  return { findings: findings.filter(({ type }) => type !== 'missing-internal'), queues }
}

test('an adopted SQS queue may be configured as its owner likes', async () => {
  expect((await examineAdopted('Shop-invoices')).findings).toEqual([])
})

test('an adopted SQS queue that is gone is told of, and left to its stack to make again', async () => {
  const { findings, queues } = await examineAdopted('Shop-gone')
  const [finding] = findings
  expect(findings).toEqual([{ type: 'missing', name: 'Shop-gone', owner: OWNER, options: undefined }])
  if (finding === undefined) return
  const remedy = remedyFor(finding, { queues, inventory: {} as SqsInventory }, { deleteMessages: true })
  expect(remedy).toEqual({ words: 'leave Shop-gone to the stack that makes it: deploy it again' })
})

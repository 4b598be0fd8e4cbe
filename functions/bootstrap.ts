import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { deleteAllQueues } from '../lib/broker/delete-all-queues.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'
import { setUp } from '../lib/broker/set-up.ts'
import { logError } from '../lib/log.ts'

/** One of these to a stack: CloudFormation deletes what had another id. */
const PHYSICAL_ID = 'leveret'

/**
 * CloudFormation's custom resource: created or updated, the broker is set up; deleted, its queues are as well where the
 * stack says so. Always answers, or the stack would wait for an hour.
 */
export const createHandler =
  (broker: Broker) =>
  async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    try {
      await serve(broker, event)
      await answer(event, { Status: 'SUCCESS' })
    } catch (error) {
      logError('the broker could not be set up or taken down', error)
      await answer(event, { Status: 'FAILED', Reason: reasonOf(error) })
    }
  }

export const handler = onFirstCall(createHandler)

async function serve(broker: Broker, { RequestType, ResourceProperties }: CloudFormationCustomResourceEvent) {
  if (RequestType !== 'Delete') return setUp(broker)
  if (ResourceProperties.DeleteQueues === 'true') await deleteAllQueues(broker)
}

const reasonOf = (error: unknown): string =>
  `${error instanceof Error ? error.message : error}; the log of function bootstrap says more`

type Outcome = { readonly Status: 'SUCCESS' } | { readonly Status: 'FAILED'; readonly Reason: string }

async function answer(event: CloudFormationCustomResourceEvent, outcome: Outcome): Promise<void> {
  const { RequestId, StackId, LogicalResourceId } = event
  const body = JSON.stringify({ RequestId, StackId, LogicalResourceId, PhysicalResourceId: PHYSICAL_ID, ...outcome })
  // The URL is signed for a request without a content type.
  const response = await fetch(event.ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body })
  if (!response.ok) throw new Error(`CloudFormation took no answer: ${response.status}`)
}

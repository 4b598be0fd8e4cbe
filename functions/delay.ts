import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { fireScheduled } from '../lib/broker/fire.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'

/** Delivers what exchanges held until now. */
export const createHandler =
  (broker: Broker) =>
  async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await fireScheduled(
      broker,
      records.map(({ messageId, body }) => ({ id: messageId, body })),
    )
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }

export const handler = onFirstCall(createHandler)

import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { sweepQueues } from '../lib/broker/sweep.ts'

/** Takes expired messages out of queues. */
export const createHandler =
  (broker: Broker) =>
  async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await sweepQueues(
      broker,
      records.map(({ messageId, body }) => ({ id: messageId, body })),
    )
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }

export const handler = functionHandler(createHandler)

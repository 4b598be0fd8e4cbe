import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { fireScheduled } from '../lib/broker/fire.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'

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

export const handler = functionHandler(createHandler)

import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { relay } from '../lib/broker/relay.ts'

/** Finishes fan-outs that publish left to the relay queue. */
export const createHandler =
  (broker: Broker) =>
  async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await relay(
      broker,
      records.map(({ messageId, body, messageAttributes }) => ({ id: messageId, body, messageAttributes })),
    )
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }

export const handler = functionHandler(createHandler)

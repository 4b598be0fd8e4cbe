import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Broker } from '../lib/broker/broker.ts'
import { deadLetterRecords } from '../lib/broker/dead-letter-records.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'

/** Passes on what SQS took out of queues because it was received too often, and what other functions left to it. */
export const createHandler =
  (broker: Broker) =>
  async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await deadLetterRecords(broker, records)
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }

export const handler = functionHandler(createHandler)

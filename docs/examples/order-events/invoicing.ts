import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { decode } from 'leveret/consumer'

interface Order {
  readonly id: string
  readonly customer: string
  readonly total: number
}

/** A Lambda function behind the queue `invoices`: what it fails with comes back by itself. */
export async function handler({ Records: records }: SQSEvent): Promise<SQSBatchResponse> {
  const outcomes = await Promise.allSettled(
    records.map(async (record) => {
      const { routingKey, payload, copyId } = await decode(record)
      const order = JSON.parse(new TextDecoder().decode(payload)) as Order
      // SQS may deliver a message twice: `copyId` is what not to invoice a second time.
      console.log(JSON.stringify({ invoiced: order.id, total: order.total, routingKey, copyId }))
    }),
  )
  const failed = records.filter((_record, index) => outcomes[index]?.status === 'rejected')
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
}

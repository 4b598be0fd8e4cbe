import type { Line } from '../line.ts'
import {
  accepted,
  countAwsCalls,
  declareShop,
  eventOf,
  LEASE_MS,
  message,
  openStage,
  type Stage,
} from '../publish-stage.ts'
import type { Row } from '../row.ts'

/** What a publish asks of AWS inside a lease, counted as the requests leave the process. */
export const awsCalls: Row = {
  number: 2,
  title: 'AWS calls inside a lease',
  async measure() {
    const stage = await openStage()
    try {
      await declareShop(stage, 3)
      return await countedLines(stage)
    } finally {
      await stage.close()
    }
  },
}

async function countedLines({ handlers }: Stage): Promise<Line[]> {
  const publishTo = (exchange: string, path: string, body: unknown) => async () =>
    accepted(await handlers.publish(eventOf('POST', `/api/exchanges/%2F/${exchange}/${path}`, body)))
  const tenTo = (routingKey: string) => Array.from({ length: 10 }, () => message(routingKey))
  const cases = [
    { work: 'a publish to one queue', sqs: 1, publish: publishTo('amq.default', 'publish', message('orders-0')) },
    { work: 'a publish to three queues', sqs: 3, publish: publishTo('shop', 'publish', message('orders.eu')) },
    {
      work: 'a batch of 10 to one queue',
      sqs: 1,
      publish: publishTo('amq.default', 'publish/batch', tenTo('orders-0')),
    },
    { work: 'a batch of 10 to three queues', sqs: 3, publish: publishTo('shop', 'publish/batch', tenTo('orders.eu')) },
  ]
  const lines: Line[] = []
  for (const { work, sqs, publish } of cases) {
    // The first one after a lease has run out renews it; the next one is well within.
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS))
    await publish()
    const counts = await countAwsCalls(publish)
    const isReached = counts.sqs === sqs && counts.dynamodb === 0
    lines.push({ work: `${work}, of SQS`, unit: 'calls', ours: [counts.sqs], goal: `${sqs}`, isReached })
    lines.push({
      work: `${work}, of DynamoDB`,
      unit: 'calls',
      ours: [counts.dynamodb],
      goal: '0',
      isReached: counts.dynamodb === 0,
    })
  }
  return lines
}

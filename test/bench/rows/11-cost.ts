import { costTables, type Inputs, readInputs } from '../../docs/cost-model.ts'
import { read } from '../../docs/markdown.ts'
import type { Line } from '../line.ts'
import { accepted, countAwsCalls, declareShop, eventOf, message, openStage, type Stage } from '../publish-stage.ts'
import type { Row } from '../row.ts'
import { median, millisecondsOf } from '../samples.ts'

const PUBLISHES = 60
/** What SQS takes to answer a send within its region, about. */
const SQS_MS = 8
const BATCH = 10
/** docs/cost.md compares months at this rate too. */
const RATE = 100

/**
 * Dollars per million messages, published ten to a request over the function URL, to one queue: by the cost model of
 * docs/cost.md, with the calls that are counted and the duration that is measured here in place of the assumed one.
 */
export const cost: Row = {
  number: 11,
  title: 'dollars per million publishes',
  async measure(say) {
    const stage = await openStage({ delayMs: SQS_MS })
    try {
      await declareShop(stage, 1)
      say(`durations at an SQS that answers in ${SQS_MS} ms`)
      return await measureOn(stage)
    } finally {
      await stage.close()
    }
  },
}

async function measureOn({ handlers }: Stage): Promise<Line[]> {
  const batch = Array.from({ length: BATCH }, () => message('orders.eu'))
  const publish = async () =>
    accepted(await handlers.publish(eventOf('POST', '/api/exchanges/%2F/shop/publish/batch', batch)))
  const times: number[] = []
  for (let call = 0; call < PUBLISHES; call += 1) times.push(await millisecondsOf(publish))
  const calls = await countAwsCalls(publish)
  const assumed = readInputs(read('docs/cost.md'))
  // Lambda bills whole milliseconds.
  const durationMs = Math.ceil(median(times))
  const input: Inputs = (name) => (name === 'publish-10-ms' ? durationMs : assumed(name))
  const ours = [
    dollars(input, 'Dollars per million publishes', 'ten to a request, to the function URL')[0] ?? Number.NaN,
  ]
  const work = `batch of ${BATCH} by function URL, ${calls.sqs} call of SQS, ${durationMs} ms`
  const [snsFree = 0, snsBilled = 0] = dollars(input, 'Per million messages', 'SNS + SQS, ten to a request')
  const [eventBridge = 0] = dollars(input, 'Per million messages', 'EventBridge classic + SQS')
  const [mqMonth = 0] = dollars(input, 'Per month', 'Amazon MQ, three mq.m7g.large')
  const mq = (mqMonth * 1e6) / (RATE * input('hours') * 3600)
  const peers = [
    { name: 'SNS + SQS ten to a request, if SQS bills deliveries', price: snsBilled },
    { name: 'SNS + SQS ten to a request, if it does not', price: snsFree },
    { name: 'EventBridge + SQS, at least', price: eventBridge },
    { name: `Amazon MQ, three mq.m7g.large at ${RATE} messages/s`, price: mq },
  ]
  return peers.map(({ name, price }) => ({
    work,
    unit: '$',
    ours,
    beside: { name, samples: [price] },
    ratio: price / (ours[0] ?? Number.NaN),
    goal: 'below',
    isReached: (ours[0] ?? Number.NaN) < price,
  }))
}

/** A row of one of the tables of docs/cost.md. How many alarms there are is in idle costs only, which are in none of these. */
function dollars(input: Inputs, heading: string, row: string): readonly number[] {
  const figures = costTables(input, 0).find((table) => table.heading === heading)?.rows[row]
  if (figures === undefined) throw new Error(`docs/cost.md has no '${row}' under '${heading}'`)
  return figures
}

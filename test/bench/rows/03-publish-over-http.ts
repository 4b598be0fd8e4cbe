import { type Bench, connectRabbitMq, perSecond, QUEUE, startLeveret } from '../brokers.ts'
import type { HttpConnection } from '../http-client.ts'
import { faster, type Line } from '../line.ts'
import { message } from '../publish-stage.ts'
import type { Row } from '../row.ts'
import { interleaved } from '../samples.ts'

const ROUNDS = 7
const ROUND_MS = 1200
const GOALS = [
  { clients: 1, name: '1 client', least: 3 },
  { clients: 16, name: '16 clients', least: 2 },
]

const PUBLISH = '/api/exchanges/%2F/amq.default/publish'
const ONE = JSON.stringify(message(QUEUE))

export const publishOne = (client: HttpConnection): Promise<string> => client.call('POST', PUBLISH, ONE)

/** Both brokers at once: each row that compares them over HTTP begins so. */
export async function besideRabbitMq(measure: (leveret: Bench, rabbitMq: Bench) => Promise<Line[]>): Promise<Line[]> {
  const rabbitMq = await connectRabbitMq()
  try {
    const leveret = await startLeveret()
    try {
      return await measure(leveret, rabbitMq)
    } finally {
      await leveret.close()
    }
  } finally {
    await rabbitMq.close()
  }
}

/** One message to a durable queue per request, persistent; both brokers answer when the message is theirs. */
export const publishOverHttp: Row = {
  number: 3,
  title: 'publish over HTTP',
  measure: (say) =>
    besideRabbitMq(async (leveret, rabbitMq) => {
      const lines: Line[] = []
      for (const { clients, name, least } of GOALS) {
        say(name)
        const { ours, theirs } = await interleaved(ROUNDS, {
          ours: () => perSecond(leveret, clients, ROUND_MS, publishOne),
          theirs: () => perSecond(rabbitMq, clients, ROUND_MS, publishOne),
        })
        lines.push(faster({ work: name, unit: '/s', ours, theirs, name: 'RabbitMQ' }, least))
      }
      return lines
    }),
}

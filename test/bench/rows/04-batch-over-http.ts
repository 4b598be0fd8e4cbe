import { perSecond, QUEUE } from '../brokers.ts'
import { faster, type Line } from '../line.ts'
import { message } from '../publish-stage.ts'
import type { Row } from '../row.ts'
import { interleaved } from '../samples.ts'
import { besideRabbitMq, publishOne } from './03-publish-over-http.ts'

const ROUNDS = 7
const ROUND_MS = 1200
const SIZE = 100

const BATCH = '/api/exchanges/%2F/amq.default/publish/batch'
const MANY = JSON.stringify(Array.from({ length: SIZE }, () => message(QUEUE)))

/** Messages, not requests; RabbitMQ's management API takes them one by one. */
export const batchOverHttp: Row = {
  number: 4,
  title: `publish/batch of ${SIZE} over HTTP`,
  measure: (say) =>
    besideRabbitMq(async (leveret, rabbitMq) => {
      const lines: Line[] = []
      for (const [clients, name, least] of [
        [1, '1 client', 20],
        [16, '16 clients', undefined],
      ] as const) {
        say(name)
        const { ours, theirs } = await interleaved(ROUNDS, {
          ours: async () =>
            SIZE * (await perSecond(leveret, clients, ROUND_MS, (client) => client.call('POST', BATCH, MANY))),
          theirs: () => perSecond(rabbitMq, clients, ROUND_MS, publishOne),
        })
        lines.push(faster({ work: name, unit: 'messages/s', ours, theirs, name: 'RabbitMQ, one by one' }, least))
      }
      return lines
    }),
}

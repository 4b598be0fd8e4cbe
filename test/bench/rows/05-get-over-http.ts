import { type Bench, QUEUE } from '../brokers.ts'
import type { HttpConnection } from '../http-client.ts'
import { faster } from '../line.ts'
import type { Row } from '../row.ts'
import { interleaved } from '../samples.ts'
import { besideRabbitMq, publishOne } from './03-publish-over-http.ts'

const ROUNDS = 7
const GETS = 200
const COUNT = 10
const GET = `/api/queues/%2F/${QUEUE}/get`
const BODY = JSON.stringify({ count: COUNT, ackmode: 'ack_requeue_false', encoding: 'auto' })

/** Ten messages to a request, removed as they are answered. */
export const getOverHttp: Row = {
  number: 5,
  title: 'get and ack over HTTP',
  measure: () =>
    besideRabbitMq(async (leveret, rabbitMq) => {
      const { ours, theirs } = await interleaved(ROUNDS, {
        ours: () => messagesPerSecond(leveret),
        theirs: () => messagesPerSecond(rabbitMq),
      })
      return [faster({ work: `count ${COUNT}, 1 client`, unit: 'messages/s', ours, theirs, name: 'RabbitMQ' }, 3)]
    }),
}

/** Fills the queue, which is not measured, and empties it. */
async function messagesPerSecond(broker: Bench): Promise<number> {
  let left = GETS * COUNT
  await Promise.all(
    broker.clients.map(async (client) => {
      while (left-- > 0) await publishOne(client)
    }),
  )
  const [client] = broker.clients as [HttpConnection]
  const startMs = performance.now()
  for (let got = 0; got < GETS * COUNT; ) {
    const messages = JSON.parse(await client.call('POST', GET, BODY)) as unknown[]
    if (messages.length === 0) throw new Error('messages are missing')
    got += messages.length
  }
  return (GETS * COUNT * 1000) / (performance.now() - startMs)
}

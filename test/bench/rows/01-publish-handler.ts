import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { clientOptions } from '../../../lib/config.ts'
import { atMost, type Line, timesAtMost } from '../line.ts'
import { accepted, declareShop, eventOf, message, openStage, type Stage, withoutSdk } from '../publish-stage.ts'
import type { Row } from '../row.ts'
import { cpuMsSince, interleaved, millisecondsOf } from '../samples.ts'

const ROUNDS = 7
/** To a turn: so many that what a turn begins with, caches that the other side has filled, does not count. */
const PUBLISHES = 2000
/** What SQS takes to answer a send within its region, about. */
const SQS_MS = 8
const WALL_PUBLISHES = 60

/** The publish handler, warm and one request at a time, beside the SDK's own send to the same endpoint. */
export const publishHandler: Row = {
  number: 1,
  title: 'publish handler',
  async measure(say) {
    say('CPU time')
    const cpu = await onStage(0, cpuLines)
    say(`wall time at an endpoint that answers in ${SQS_MS} ms`)
    return [...cpu, ...(await onStage(SQS_MS, wallLines))]
  },
}

async function onStage(delayMs: number, measure: (sides: Sides) => Promise<Line[]>): Promise<Line[]> {
  const stage = await openStage({ delayMs })
  try {
    await declareShop(stage, 1)
    return await measure(sidesOf(stage))
  } finally {
    await stage.close()
  }
}

type Sides = ReturnType<typeof sidesOf>

function sidesOf({ config, handlers }: Stage) {
  const published = message('orders.eu.created')
  const own = withoutSdk(config)
  const event = () => eventOf('POST', '/api/exchanges/%2F/shop/publish', published)
  const client = new SQSClient({ ...clientOptions(config.aws, 'sqs'), useQueueUrlAsEndpoint: false })
  const QueueUrl = `${config.sqsQueueUrlBase}/bare`
  return {
    publish: async () => accepted(await handlers.publish(event())),
    own: async () => accepted(await own(event())),
    /** What API Gateway does. */
    event: async () => event(),
    send: () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: published.payload })),
    /** With what Leveret sends besides: where the message was published to, with which properties. */
    sendAlike: () =>
      client.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: published.payload,
          MessageAttributes: {
            properties: { DataType: 'String', StringValue: JSON.stringify({ ...published, payload: undefined }) },
            copy: {
              DataType: 'String',
              StringValue: JSON.stringify({ publish: 'x'.repeat(26), queue: 'x'.repeat(20) }),
            },
          },
        }),
      ),
  }
}

async function cpuLines(sides: Sides): Promise<Line[]> {
  const microseconds = (work: () => Promise<unknown>) => async (): Promise<number> => {
    const start = process.cpuUsage()
    for (let call = 0; call < PUBLISHES; call += 1) await work()
    return (cpuMsSince(start) * 1000) / PUBLISHES
  }
  // Warm is an environment that has served some ten thousand requests: by then everything that matters is optimised.
  for (let call = 0; call < 15_000; call += 1) await sides.own()
  for (let call = 0; call < 1000; call += 1) await Promise.all([sides.publish(), sides.send(), sides.sendAlike()])
  const { publish, own, send, sendAlike, event } = await interleaved(ROUNDS, {
    publish: microseconds(sides.publish),
    own: microseconds(sides.own),
    send: microseconds(sides.send),
    sendAlike: microseconds(sides.sendAlike),
    event: microseconds(sides.event),
  })
  const without = (whole: readonly number[], part: readonly number[]) =>
    whole.map((all, round) => all - (event[round] ?? 0) - (part[round] ?? 0))
  const bare = { name: 'SendMessage', samples: send }
  return [
    atMost({ work: 'CPU time but for the send', unit: 'µs', ours: without(own, []), beside: bare }, 100),
    {
      work: 'CPU time less that of a send of as much',
      unit: 'µs',
      ours: without(publish, sendAlike),
      beside: { name: 'SendMessage with attributes', samples: sendAlike },
      goal: '',
    },
    { work: 'CPU time less that of a bare send', unit: 'µs', ours: without(publish, send), beside: bare, goal: '' },
  ]
}

async function wallLines({ publish, send }: Sides): Promise<Line[]> {
  const milliseconds = (work: () => Promise<unknown>) => async (): Promise<number> => {
    const times: number[] = []
    for (let call = 0; call < WALL_PUBLISHES; call += 1) times.push(await millisecondsOf(work))
    return times.toSorted((left, right) => left - right)[WALL_PUBLISHES >> 1] ?? Number.NaN
  }
  const samples = await interleaved(9, { ours: milliseconds(publish), theirs: milliseconds(send) })
  return [
    timesAtMost(
      { ...samples, work: `wall time, SQS answering in ${SQS_MS} ms`, unit: 'ms', name: 'SendMessage' },
      1.05,
    ),
  ]
}

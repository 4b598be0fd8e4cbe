import { expect } from 'vitest'
import type { Channel } from '../amqp/channel.ts'
import { openClient } from '../amqp/client.ts'

export const QUEUE = 'work'
const PUBLISHERS = 2
const CONSUMERS = 10
const PREFETCH = 50
/** How many publishes of one channel are on their way. */
const OUTSTANDING = 20
/** Of as many deliveries a consumer acknowledges half, in one transaction; it keeps the others. */
const TOGETHER = 4

/** What is known of messages, by their payloads, once the gateway is gone. */
export interface Known {
  /** The broker has them. */
  readonly confirmed: Set<string>
  /** They are acknowledged, and the acknowledgement was answered. */
  readonly settled: Set<string>
  /** They are acknowledged, perhaps to somebody who was dead already. */
  readonly asked: Set<string>
}

/** Publishes, consumes and acknowledges at a gateway until it is gone. `onSettled` is told of each settled message. */
export async function loadUntilGone(port: number, onSettled: () => void): Promise<Known> {
  const known: Known = { confirmed: new Set(), settled: new Set(), asked: new Set() }
  const callers = [
    ...Array.from({ length: PUBLISHERS }, (_, index) => untilCut(port, (channel) => publish(channel, index, known))),
    ...Array.from({ length: CONSUMERS }, () => untilCut(port, (channel) => consume(channel, known, onSettled))),
  ]
  await Promise.all(callers)
  return known
}

/** On a connection of its own. It must end with the connection, and with nothing that the server has said. */
async function untilCut(port: number, work: (channel: Channel) => Promise<void>): Promise<void> {
  const client = await openClient({ port })
  const failed = work(await client.openChannel()).catch((error: unknown) => error)
  expect(await client.ended).toBeUndefined()
  expect(await failed).toMatchObject({ message: 'the connection has ended' })
}

async function publish(channel: Channel, publisher: number, { confirmed }: Known): Promise<void> {
  await channel.call('confirm.select')
  const payloadOf = (tag: number): string => `${publisher}.${tag}`
  let [sent, answered] = [0, 0]
  for (;;) {
    for (; sent - answered < OUTSTANDING; sent += 1)
      channel.publish({ routingKey: QUEUE, payload: payloadOf(sent + 1) })
    const { method } = await channel.event('basic.ack')
    const first = method.multiple ? answered + 1 : method.deliveryTag
    for (let tag = first; tag <= method.deliveryTag; tag += 1) confirmed.add(payloadOf(tag))
    answered = method.deliveryTag
  }
}

async function consume(channel: Channel, { settled, asked }: Known, onSettled: () => void): Promise<void> {
  await channel.call('basic.qos', { prefetchCount: PREFETCH })
  await channel.call('tx.select')
  await channel.call('basic.consume', { queue: QUEUE })
  for (let index = 0, acknowledged: string[] = []; ; index += 1) {
    // Its prefetch is used up at some time, and it waits until it is cut off.
    const { method, payload } = await channel.event('basic.deliver', NEVER_MS)
    if (index % TOGETHER < TOGETHER / 2) {
      acknowledged.push(String(payload))
      asked.add(String(payload))
      channel.send('basic.ack', { deliveryTag: method.deliveryTag })
    }
    if (index % TOGETHER !== TOGETHER - 1) continue
    await channel.call('tx.commit')
    for (const payload of acknowledged) {
      settled.add(payload)
      onSettled()
    }
    acknowledged = []
  }
}

const NEVER_MS = 600_000

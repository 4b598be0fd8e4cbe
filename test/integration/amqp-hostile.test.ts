import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { encodeMethod } from '../../lib/amqp/protocol/frame-writer.ts'
import type { Method } from '../../lib/amqp/protocol/methods.ts'
import type { Close } from '../amqp/channel.ts'
import { Client } from '../amqp/client.ts'
import { useAmqp } from '../amqp/embedded.ts'
import { FRAME_MAX, type HostileStream, hostileStreams } from '../amqp/hostile-streams.ts'
import { methodOf } from '../amqp/method.ts'
import { hex, rawFrame } from '../amqp/raw-frame.ts'

const leveret = useAmqp()

const STREAMS = 800
const SEED = 20_261_130
const CONNECTIONS = 16
const MEGABYTE = 1_048_576

/** A client that is connected, and logged in where that is part of the stream. */
async function clientFor({ isLoggedIn }: Pick<HostileStream, 'isLoggedIn'>): Promise<Client> {
  const client = new Client({ port: leveret.port })
  if (!isLoggedIn) return client
  await client.open({ frameMax: FRAME_MAX })
  await client.openChannel(1)
  return client
}

/** Sends a stream; the close with which the broker ends the connection, if it says one. */
async function send(stream: HostileStream): Promise<Close | undefined> {
  const client = await clientFor(stream)
  for (const piece of stream.pieces) {
    client.write(piece)
    await setImmediate()
  }
  if (stream.isCut) client.destroy()
  else client.socket.end()
  return client.ended
}

/** Sends them over a few connections at a time. */
async function sendAll(streams: readonly HostileStream[]): Promise<(Close | undefined)[]> {
  const waiting = streams.values()
  const closes: (Close | undefined)[] = []
  const work = async (): Promise<void> => {
    for (const stream of waiting) closes.push(await send(stream))
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  return closes
}

/** Memory of both ends, which are in one process, once what can go has gone. */
const heldBytes = (): number => {
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

beforeAll(async () => {
  const channel = await (await leveret.connect()).openChannel()
  await channel.call('queue.declare', { queue: 'there', durable: true })
  await channel.call('confirm.select')
  channel.publish({ routingKey: 'there', payload: 'untouched' })
  await channel.event('basic.ack')
})

describe('hostile bytes', { timeout: 120_000 }, () => {
  test('are answered with frames and reply codes, never with an error of ours, and every connection comes to its end', async () => {
    const stderr = vi.spyOn(process.stderr, 'write')
    const ends = await sendAll(fc.sample(hostileStreams, { seed: SEED, numRuns: STREAMS }))
    const logged = stderr.mock.calls.map(([line]) => String(line))
    stderr.mockRestore()
    expect(ends).toHaveLength(STREAMS)
    const closes = ends.flatMap((close) => (close === undefined ? [] : [`${close.replyCode} ${close.replyText}`]))
    // Something must have got through to what refuses it, or this says nothing.
    expect(closes.length).toBeGreaterThan(STREAMS / 10)
    expect(closes.filter((text) => text.startsWith('541'))).toEqual([])
    expect(logged).toEqual([])
  })

  test('that never come hold no memory: bodies of 16 MiB are announced, and a byte of each is sent', async () => {
    const publish = encodeMethod(1, methodOf('basic.publish', { routingKey: 'there' }) as Method)
    const announcement = rawFrame(2, 1, hex('003c 0000 0000000001000000 0000'))
    const before = heldBytes()
    const clients = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const client = await clientFor({ isLoggedIn: true })
        client.write(Buffer.concat([publish, announcement, rawFrame(3, 1, Buffer.from('x'))]))
        return client
      }),
    )
    // All that was sent before this is answered has been read.
    await Promise.all(clients.map((client) => client.openChannel(2)))
    expect(heldBytes() - before).toBeLessThan(20 * MEGABYTE)
    for (const client of clients) client.destroy()
  })

  test('of a body beyond the limit are thrown away as they come', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    const other = await client.openChannel()
    const publish = encodeMethod(channel.number, methodOf('basic.publish', { routingKey: 'there' }) as Method)
    const announcement = rawFrame(2, channel.number, hex('003c 0000 0000000100000000 0000'))
    client.write(Buffer.concat([publish, announcement]))
    const closed = await channel.closed
    expect(closed.replyText).toMatch(
      /^PRECONDITION_FAILED - message size 4294967296 is larger than configured max size/,
    )
    const before = heldBytes()
    // The client has confirmed the close, so that the number is free: a channel that is opened anew has nothing of it.
    await client.openChannel(channel.number)
    await other.call('queue.declare', { queue: 'there', passive: true })
    expect(heldBytes() - before).toBeLessThan(20 * MEGABYTE)
    await client.close()
  })
})

test('after all of that the broker works', async () => {
  const channel = await (await leveret.connect()).openChannel()
  const message = await channel.get({ queue: 'there', noAck: true })
  expect(String(message?.payload)).toBe('untouched')
})

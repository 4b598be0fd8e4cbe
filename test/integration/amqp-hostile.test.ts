import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Frame } from '../../lib/amqp/protocol/frame.ts'
import { FrameReader } from '../../lib/amqp/protocol/frame-reader.ts'
import { encodeMethod } from '../../lib/amqp/protocol/frame-writer.ts'
import type { Method } from '../../lib/amqp/protocol/methods.ts'
import { useAmqp } from '../amqp/embedded.ts'
import { type HostileStream, hostileStreams, LOGIN } from '../amqp/hostile-streams.ts'
import { methodOf } from '../amqp/method.ts'
import { hex, rawFrame } from '../amqp/raw-frame.ts'

const leveret = useAmqp()

const STREAMS = 1_500
const SEED = 20_261_130
const CONNECTIONS = 16
const MEGABYTE = 1_048_576

const open = async (): Promise<Socket> => {
  const socket = connect({ port: leveret.port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Everything until the broker ends the connection. */
async function bytesUntilEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** Sends a stream; what the broker says to it, where it is waited for. */
async function send({ pieces, isCut }: HostileStream): Promise<Buffer> {
  const socket = await open()
  const answered = bytesUntilEnd(socket)
  for (const piece of pieces) {
    socket.write(piece)
    await setImmediate()
  }
  if (isCut) socket.destroy()
  else socket.end()
  return answered
}

/** Sends them over a few connections at a time. */
async function sendAll(streams: readonly HostileStream[]): Promise<Buffer[]> {
  const waiting = streams.values()
  const answers: Buffer[] = []
  const work = async (): Promise<void> => {
    for (const stream of waiting) answers.push(await send(stream))
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  return answers
}

/** The frames of what a broker has said; a protocol header, which it sends to those who speak another, is none. */
function framesOf(answer: Buffer): Frame[] {
  const reader = new FrameReader()
  reader.frameMax = 131_072
  if (answer.subarray(0, 4).toString('latin1') !== 'AMQP') reader.push(answer)
  const frames: Frame[] = []
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame)
  return frames
}

const closesOf = (frames: readonly Frame[]): string[] =>
  frames.flatMap((frame) =>
    frame.type === 'method' && frame.method.name === 'connection.close'
      ? [`${frame.method.replyCode} ${frame.method.replyText}`]
      : [],
  )

/** Memory of both ends, which are in one process, once what can go has gone. */
const heldBytes = (): number => {
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

const connectionCount = async (): Promise<number> =>
  ((await leveret.call('GET', '/api/connections')).body as unknown[]).length

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
    const answers = (await sendAll(fc.sample(hostileStreams, { seed: SEED, numRuns: STREAMS }))).map(framesOf)
    const logged = stderr.mock.calls.map(([line]) => String(line))
    stderr.mockRestore()
    expect(answers).toHaveLength(STREAMS)
    const closes = answers.flatMap(closesOf)
    // Something must have got through to what refuses it, or this says nothing.
    expect(closes.length).toBeGreaterThan(STREAMS / 10)
    expect(closes.filter((text) => text.startsWith('541'))).toEqual([])
    expect(logged).toEqual([])
  })

  test('that never come hold no memory: frames and bodies are announced, and a few bytes of them sent', async () => {
    const publish = encodeMethod(1, methodOf('basic.publish', { routingKey: 'there' }) as Method)
    const announcement = rawFrame(2, 1, hex('003c 0000 0000000001000000 0000'))
    const begun = rawFrame(3, 1, Buffer.alloc(100), { size: 8000 }).subarray(0, -1)
    const before = heldBytes()
    const sockets = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = await open()
        socket.write(Buffer.concat([LOGIN, publish, announcement, rawFrame(3, 1, Buffer.from('x')), begun]))
        return socket
      }),
    )
    await vi.waitFor(async () => expect(await connectionCount()).toBeGreaterThanOrEqual(100), { timeout: 60_000 })
    expect(heldBytes() - before).toBeLessThan(20 * MEGABYTE)
    for (const socket of sockets) socket.destroy()
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

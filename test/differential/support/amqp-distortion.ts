import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { FrameReader } from '../../../lib/amqp/protocol/frame-reader.ts'
import { encodeMethod } from '../../../lib/amqp/protocol/frame-writer.ts'
import type { Method } from '../../../lib/amqp/protocol/methods.ts'
import { toOther, toOwn } from './distortion.ts'

/** What a faulty broker makes of a method that it says: another one, or nothing, with what belongs to it. */
export type AmqpDistortion = (method: Method) => Method | undefined

export interface DistortedAmqp {
  readonly amqpUrl: string
  close(): void
}

/**
 * A proxy in front of a broker's AMQP port that plants one fault into what it says, to show that the comparison sees it. Behind
 * it vhosts and users have the names that `startDistorted` gives them.
 */
export async function startDistortedAmqp(amqpUrl: string, distort: AmqpDistortion): Promise<DistortedAmqp> {
  const { hostname, port } = new URL(amqpUrl)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const broker = connect({ host: hostname, port: Number(port), noDelay: true })
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.end())
    }
    client.on('data', (chunk) => broker.write(renamed(chunk)))
    const relay = relayFrames((bytes) => client.write(bytes), distort)
    broker.on('data', relay)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  return {
    amqpUrl: `amqp://127.0.0.1:${address.port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Names stand whole in what clients write at once, and the other ones are as long. */
const renamed = (chunk: Buffer): Buffer => Buffer.from(toOther(chunk.toString('latin1')), 'latin1')

/** Passes on frame by frame, methods distorted; with a method that is left out goes its content. */
function relayFrames(write: (bytes: Buffer) => void, distort: AmqpDistortion): (chunk: Buffer) => void {
  let waiting = Buffer.alloc(0)
  const isLeftOut = new Map<number, boolean>()
  const relay = (frame: Buffer): void => {
    const channel = frame.readUInt16BE(1)
    const method = methodIn(frame)
    const distorted = method && distort(withOwnNames(method))
    if (method !== undefined) isLeftOut.set(channel, distorted === undefined)
    if (isLeftOut.get(channel) !== true) write(distorted === undefined ? frame : encodeMethod(channel, distorted))
  }
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk])
    for (let size = sizeOfFirst(waiting); size <= waiting.length; size = sizeOfFirst(waiting)) {
      relay(waiting.subarray(0, size))
      waiting = waiting.subarray(size)
    }
  }
}

const sizeOfFirst = (bytes: Buffer): number => (bytes.length < 7 ? 7 + 1 : bytes.readUInt32BE(3) + 7 + 1)

function methodIn(frame: Buffer): Method | undefined {
  if (frame[0] !== 1) return undefined
  const reader = new FrameReader()
  reader.frameMax = frame.length
  reader.push(Buffer.from(frame))
  const read = reader.next()
  return read?.type === 'method' ? read.method : undefined
}

const withOwnNames = (method: Method): Method =>
  'replyText' in method ? { ...method, replyText: toOwn(method.replyText) } : method

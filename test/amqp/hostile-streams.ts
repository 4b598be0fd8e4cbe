import fc from 'fast-check'
import { encodeMethod } from '../../lib/amqp/protocol/frame-writer.ts'
import type { Method, MethodName } from '../../lib/amqp/protocol/methods.ts'
import { PROTOCOL_HEADER } from '../../lib/amqp/protocol/protocol-header.ts'
import { methodOf } from './method.ts'
import { encode, type Utterance, utterances } from './protocol/frames.ts'
import { hex, rawFrame } from './raw-frame.ts'

const FRAME_MAX = 8192

/** What one client sends, in the pieces in which it sends it, and whether it goes without waiting for an answer. */
export interface HostileStream {
  readonly pieces: readonly Buffer[]
  readonly isCut: boolean
}

const method = <Name extends MethodName>(channel: number, name: Name, fields = {}): Buffer =>
  encodeMethod(channel, methodOf(name, fields) as Method)

/** A login as guest, with a channel open. */
export const LOGIN = Buffer.concat([
  PROTOCOL_HEADER,
  method(0, 'connection.start-ok', { mechanism: 'PLAIN', response: Buffer.from('\0guest\0guest'), locale: 'en_US' }),
  method(0, 'connection.tune-ok', { channelMax: 2047, frameMax: FRAME_MAX }),
  method(0, 'connection.open', { vhost: '/' }),
  method(1, 'channel.open'),
])

/** Those that make something would leave it behind. */
const HARMLESS = (utterance: Utterance): boolean =>
  utterance.type !== 'method' || !['queue.declare', 'exchange.declare'].includes(utterance.method.name)

const onOpenChannel = (utterance: Utterance): Utterance =>
  utterance.type === 'heartbeat' ? utterance : { ...utterance, channel: 1 }

const wellFormed = fc
  .array(fc.oneof(utterances, utterances.map(onOpenChannel)).filter(HARMLESS), { minLength: 1, maxLength: 5 })
  .map((said) => Buffer.concat(said.map((utterance) => encode(utterance, FRAME_MAX))))

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

/** A frame of a known type whose payload is anything. */
const anyFrame = fc
  .tuple(fc.constantFrom(1, 2, 3, 8), fc.constantFrom(0, 1), fc.constantFrom('003c', '0032', '000a', ''), bytes(60))
  .map(([type, channel, ids, payload]) => rawFrame(type, channel, Buffer.concat([hex(ids), payload])))

const place = fc.double({ min: 0, max: 0.999, noNaN: true })

const withChangedOctets = (stream: Buffer, changes: readonly (readonly [number, number])[]): Buffer => {
  const changed = Buffer.from(stream)
  for (const [at, octet] of changes) changed[Math.floor(at * changed.length)] = octet
  return changed
}

const damaged = fc
  .tuple(wellFormed, fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }))
  .map(([stream, changes]) => withChangedOctets(stream, changes))

const truncated = fc
  .tuple(wellFormed, place)
  .map(([stream, end]) => stream.subarray(0, Math.floor(end * stream.length)))

/** Sizes that are announced and never come. */
const announced = fc
  .constantFrom(8193, 131_072, 2 ** 31, 2 ** 32 - 1)
  .map((size) => rawFrame(3, 1, Buffer.alloc(0), { size }).subarray(0, 7))

const afterLogin = fc
  .oneof(wellFormed, damaged, damaged, truncated, anyFrame, announced, bytes(200))
  .map((stream) => Buffer.concat([LOGIN, stream]))

const beforeLogin = fc.oneof(
  bytes(100),
  bytes(100).map((noise) => Buffer.concat([PROTOCOL_HEADER, noise])),
  damaged.map((stream) => Buffer.concat([PROTOCOL_HEADER, stream])),
  fc
    .array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 3 })
    .map((changes) => withChangedOctets(LOGIN, changes)),
)

const cut = (stream: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...places.map((at) => Math.floor(at * stream.length)), stream.length].sort((a, b) => a - b)
  return ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end))
}

export const hostileStreams: fc.Arbitrary<HostileStream> = fc.record({
  pieces: fc
    .tuple(
      fc.oneof({ weight: 3, arbitrary: afterLogin }, { weight: 1, arbitrary: beforeLogin }),
      fc.array(place, { maxLength: 4 }),
    )
    .map(([stream, places]) => cut(stream, places)),
  isCut: fc.boolean(),
})

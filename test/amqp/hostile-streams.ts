import fc from 'fast-check'
import { PROTOCOL_HEADER } from '../../lib/amqp/protocol/protocol-header.ts'
import { encode, type Utterance, utterances } from './protocol/frames.ts'
import { hex, rawFrame } from './raw-frame.ts'

/** As agreed on at login. */
export const FRAME_MAX = 8192

/** What one client sends, in the pieces in which it sends it. */
export interface HostileStream {
  /** Whether it logs in before, and opens channel 1. */
  readonly isLoggedIn: boolean
  readonly pieces: readonly Buffer[]
  /** Whether it goes at once, not waiting for what the broker has to say. */
  readonly isCut: boolean
}

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

const afterLogin = fc.oneof(wellFormed, damaged, damaged, truncated, anyFrame, announced, bytes(200))

const beforeLogin = fc.oneof(
  bytes(100),
  fc.oneof(bytes(100), damaged, anyFrame).map((stream) => Buffer.concat([PROTOCOL_HEADER, stream])),
)

const cut = (stream: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...places.map((at) => Math.floor(at * stream.length)), stream.length].sort((a, b) => a - b)
  return ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end))
}

const streams = (isLoggedIn: boolean, stream: fc.Arbitrary<Buffer>): fc.Arbitrary<HostileStream> =>
  fc.record({
    isLoggedIn: fc.constant(isLoggedIn),
    pieces: fc.tuple(stream, fc.array(place, { maxLength: 4 })).map(([whole, places]) => cut(whole, places)),
    isCut: fc.boolean(),
  })

export const hostileStreams: fc.Arbitrary<HostileStream> = fc.oneof(
  { weight: 3, arbitrary: streams(true, afterLogin) },
  { weight: 1, arbitrary: streams(false, beforeLogin) },
)

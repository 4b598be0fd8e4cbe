import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Frame } from '../../../lib/amqp/protocol/frame.ts'
import { FrameReader } from '../../../lib/amqp/protocol/frame-reader.ts'
import { HEARTBEAT } from '../../../lib/amqp/protocol/frame-writer.ts'
import { ProtocolError } from '../../../lib/amqp/protocol/protocol-error.ts'
import { PROTOCOL_HEADER, readProtocolHeader } from '../../../lib/amqp/protocol/protocol-header.ts'
import { hex, rawFrame, withLength } from '../raw-frame.ts'
import { encode, framesOf, readAll, utterances } from './frames.ts'

const FRAME_MAX = 8192

/** Cut at these places of a stream, given as parts of its length. */
function cut(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => Math.floor(place * stream.length)), stream.length].sort((a, b) => a - b)
  return ends.map((end, index) => Buffer.from(stream.subarray(ends[index - 1] ?? 0, end)))
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 })

/** The error of a stream, which is told apart by its code and class; undefined where there is none. */
function errorOf(...stream: Uint8Array[]): ProtocolError | undefined {
  try {
    readAll(stream, FRAME_MAX)
    return undefined
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return error
  }
}

describe('a stream of bytes', () => {
  test('gives the same frames however it is cut', () => {
    fc.assert(
      fc.property(fc.array(utterances, { maxLength: 6 }), places, (said, at) => {
        const stream = Buffer.concat(said.map((utterance) => encode(utterance, FRAME_MAX)))
        expect(readAll(cut(stream, at), FRAME_MAX)).toEqual(said.flatMap((utterance) => framesOf(utterance, FRAME_MAX)))
      }),
      { numRuns: 200 },
    )
  })

  test('gives the same frames octet by octet', () => {
    fc.assert(
      fc.property(fc.array(utterances, { maxLength: 2 }), (said) => {
        const stream = Buffer.concat(said.map((utterance) => encode(utterance, FRAME_MAX)))
        const octets = Array.from(stream, (octet) => Buffer.from([octet]))
        expect(readAll(octets, FRAME_MAX)).toEqual(said.flatMap((utterance) => framesOf(utterance, FRAME_MAX)))
      }),
      { numRuns: 30 },
    )
  })

  test('gives the same frames when chunks are pushed before the frames in them are taken', () => {
    fc.assert(
      fc.property(fc.array(utterances, { maxLength: 4 }), places, (said, at) => {
        const reader = new FrameReader()
        for (const chunk of cut(Buffer.concat(said.map((utterance) => encode(utterance, FRAME_MAX))), at)) {
          reader.push(chunk)
        }
        const frames: Frame[] = []
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
        expect(frames).toEqual(said.flatMap((utterance) => framesOf(utterance, FRAME_MAX)))
      }),
      { numRuns: 100 },
    )
  })

  test('is read frame by frame, so that what one frame settles holds for the next', () => {
    const reader = new FrameReader()
    const large = rawFrame(3, 1, Buffer.alloc(20_000))
    reader.push(Buffer.concat([HEARTBEAT, large]))
    expect(reader.next()).toEqual({ type: 'heartbeat', channel: 0 })
    reader.frameMax = 20_008
    expect(reader.next()).toEqual({ type: 'body', channel: 1, payload: Buffer.alloc(20_000) })
  })
})

describe('bytes that break the protocol', () => {
  const ack = '003c0050 0000000000000001 00'

  test.each([
    ['a bad end octet', rawFrame(8, 0, Buffer.alloc(0), { end: 0xcf }), 501, 0, 0],
    ['an end octet that stands elsewhere', rawFrame(1, 1, hex(ack), { size: 12 }), 501, 0, 0],
    ['an unknown frame type', rawFrame(4, 1, Buffer.alloc(3)), 501, 0, 0],
    ['a heartbeat with a payload', rawFrame(8, 0, Buffer.alloc(1)), 501, 0, 0],
    ['a heartbeat of a channel', rawFrame(8, 1, Buffer.alloc(0)), 505, 0, 0],
    ['a method without ids', rawFrame(1, 1, hex('003c')), 501, 0, 0],
    ['a method that is unknown', rawFrame(1, 1, hex('003c 00ff')), 503, 0, 0],
    ['a class that is unknown', rawFrame(1, 1, hex('0063 000a')), 503, 0, 0],
    ['arguments that end too early', rawFrame(1, 1, hex(ack).subarray(0, -1)), 501, 60, 80],
    ['arguments that end too late', rawFrame(1, 1, hex(`${ack} 00`)), 501, 60, 80],
    ['a name that is no text', rawFrame(1, 1, hex('003c001e 01 ff 00')), 501, 0, 0],
    ['a table longer than its frame', rawFrame(1, 1, hex('003c0014 0000 00 00 00 00000009')), 501, 60, 20],
    ['a table of an unknown type', rawFrame(1, 1, hex('003c0014 0000 00 00 00 00000003 0161 5a')), 502, 60, 20],
    ['a field longer than its table', rawFrame(1, 1, hex('003c0014 0000 00 00 00 00000003 0161 74')), 501, 60, 20],
    ['a header that is cut short', rawFrame(2, 1, hex('003c 0000 00000000')), 502, 0, 0],
    ['a header with flags that mean nothing', rawFrame(2, 1, hex('003c 0000 0000000000000000 0001')), 502, 0, 0],
    ['a header with less than its flags say', rawFrame(2, 1, hex('003c 0000 0000000000000000 1000')), 502, 0, 0],
    ['a header with more than its flags say', rawFrame(2, 1, hex('003c 0000 0000000000000000 1000 01 01')), 502, 0, 0],
  ])('%s', (_what, bytes, code, classId, methodId) => {
    expect(errorOf(bytes)).toMatchObject({ code, classId, methodId })
  })

  test('a frame may be as large as was agreed upon, with RabbitMQ’s indulgence of eight octets, and no larger', () => {
    expect(errorOf(rawFrame(3, 1, Buffer.alloc(FRAME_MAX)))).toBeUndefined()
    const tooLarge = rawFrame(3, 1, Buffer.alloc(FRAME_MAX + 1))
    expect(errorOf(tooLarge)).toMatchObject({ code: 501, isFatal: true })
    expect(errorOf(tooLarge.subarray(0, 7))).toMatchObject({ code: 501, isFatal: true })
  })

  test('tables nest as deep as messages may and no deeper', () => {
    const consumeWith = (depth: number): Buffer => {
      let table = withLength(Buffer.alloc(0))
      for (let level = 0; level < depth; level += 1) table = withLength(Buffer.concat([hex('0161 46'), table]))
      return rawFrame(1, 1, Buffer.concat([hex('003c0014 0000 00 00 00'), table]))
    }
    expect(errorOf(consumeWith(64))).toBeUndefined()
    expect(errorOf(consumeWith(65))).toMatchObject({ code: 502, classId: 60, methodId: 20 })
    expect(errorOf(consumeWith(1000))).toMatchObject({ code: 502 })
  })

  test('a header of another class, or with a weight, is for its channel to refuse: what it holds is not read', () => {
    const headers = [hex('0032 0000 01'), hex('003c 0001')].map((payload) => rawFrame(2, 1, payload))
    const nothing = { type: 'header', channel: 1, bodySize: 0, properties: {} }
    expect(readAll(headers, FRAME_MAX)).toEqual([
      { ...nothing, classId: 50, weight: 0 },
      { ...nothing, classId: 60, weight: 1 },
    ])
  })

  test('after one that leaves the next frame in place, the next frame is read', () => {
    const reader = new FrameReader()
    reader.push(Buffer.concat([rawFrame(1, 1, hex('0063 000a')), HEARTBEAT]))
    expect(() => reader.next()).toThrow(ProtocolError)
    expect(reader.next()).toEqual({ type: 'heartbeat', channel: 0 })
  })

  test('after one that does not, nothing is', () => {
    const reader = new FrameReader()
    reader.push(Buffer.concat([rawFrame(8, 0, Buffer.alloc(0), { end: 0 }), HEARTBEAT]))
    expect(() => reader.next()).toThrow(/FRAME_ERROR/)
    reader.push(HEARTBEAT)
    expect(() => reader.next()).toThrow(/FRAME_ERROR/)
  })
})

describe('hostile bytes', () => {
  /** Reads to the end, past every error that leaves a next frame; anything but a ProtocolError is thrown. */
  function exhaust(chunks: readonly Uint8Array[]): void {
    const reader = new FrameReader()
    for (const chunk of chunks) {
      reader.push(chunk)
      while (hasNext(reader));
    }
  }

  function hasNext(reader: FrameReader): boolean {
    try {
      return reader.next() !== undefined
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      expect(Buffer.byteLength(error.text)).toBeLessThanOrEqual(255)
      return !error.isFatal
    }
  }

  test('never make it throw anything but a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), places, (bytes, at) => {
        exhaust(cut(Buffer.from(bytes), at))
      }),
      { numRuns: 500 },
    )
  })

  test('nor do they inside of frames', () => {
    const ids = fc.constantFrom('003c0014', '0032000a', '000a000b', '003c0028', '003c0000', '0055000a')
    const payload = fc
      .tuple(ids, fc.uint8Array({ maxLength: 80 }))
      .map(([id, bytes]) => Buffer.concat([hex(id), bytes]))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), payload, (type, bytes) => exhaust([rawFrame(type, 1, bytes)])),
      { numRuns: 1000 },
    )
  })

  test('nor where octets of good frames are changed', () => {
    const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(utterances, { minLength: 1, maxLength: 3 }), changes, places, (said, changed, at) => {
        const stream = Buffer.concat(said.map((utterance) => encode(utterance, FRAME_MAX)))
        for (const [place, octet] of changed) stream[Math.floor(place * stream.length)] = octet
        exhaust(cut(stream, at))
      }),
      { numRuns: 500 },
    )
  })
})

describe('memory', () => {
  const held = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().arrayBuffers
  }

  test('is taken for what has arrived of a frame, not for what is announced', () => {
    const before = held()
    const readers = Array.from({ length: 500 }, () => {
      const reader = new FrameReader()
      reader.frameMax = 131_072
      reader.push(rawFrame(3, 1, Buffer.alloc(0), { size: 131_000 }))
      expect(reader.next()).toBeUndefined()
      return reader
    })
    expect(held() - before).toBeLessThan(readers.length * 4096)
  })

  test('of a small payload is its own, not that of the chunk in which it came', () => {
    const chunk = Buffer.alloc(65_536)
    rawFrame(3, 1, Buffer.from('small')).copy(chunk)
    const [small] = bodiesOf(readAll([chunk.subarray(0, 13)], FRAME_MAX))
    expect(small).toEqual(Buffer.from('small'))
    expect(small?.buffer.byteLength).toBe(5)
  })

  test('of a payload that fills most of its chunk is the chunk’s', () => {
    const chunk = Buffer.allocUnsafeSlow(8008)
    rawFrame(3, 1, Buffer.alloc(8000)).copy(chunk)
    const [large] = bodiesOf(readAll([chunk], FRAME_MAX))
    expect(large?.buffer === chunk.buffer).toBe(true)
  })

  const bodiesOf = (frames: readonly Frame[]): Uint8Array[] =>
    frames.flatMap((frame) => (frame.type === 'body' ? [frame.payload] : []))
})

describe('the protocol header', () => {
  test('is AMQP 0-9-1, or 0-9 which RabbitMQ takes for it; anything else is another protocol', () => {
    expect(readProtocolHeader(PROTOCOL_HEADER)).toBe('amqp')
    expect(readProtocolHeader(hex('414d5150 01010009'))).toBe('amqp')
    expect(readProtocolHeader(Buffer.concat([PROTOCOL_HEADER, HEARTBEAT]))).toBe('amqp')
    for (const other of ['414d5150 00010000', '414d5150 00000900', '16030100 a5010000', '474554202f204854']) {
      expect(readProtocolHeader(hex(other))).toBe('other')
    }
  })

  test('is judged once it is there as a whole', () => {
    expect(readProtocolHeader(PROTOCOL_HEADER.subarray(0, 7))).toBe('incomplete')
    expect(readProtocolHeader(Buffer.alloc(0))).toBe('incomplete')
  })
})

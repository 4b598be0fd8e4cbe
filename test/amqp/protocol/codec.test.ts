import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeContent, encodeMethod } from '../../../lib/amqp/protocol/frame-writer.ts'
import { METHODS, type Method, type MethodName } from '../../../lib/amqp/protocol/methods.ts'
import { Typed } from '../../../lib/model/amqp-value.ts'
import { hex, rawFrame, withLength } from '../raw-frame.ts'
import { asRead, encode, framesOf, methodNamed, properties, readAll, utterances } from './frames.ts'

const FRAME_MAX = 131_072

const methodIn = (frame: Buffer): Method => {
  const [read] = readAll([frame], FRAME_MAX)
  if (read?.type !== 'method') throw new Error('no method')
  return read.method
}

describe('methods', () => {
  test.each(Object.keys(METHODS) as MethodName[])('%s is read as it was written', (name) => {
    fc.assert(
      fc.property(methodNamed(name), (method) => {
        const frame = Buffer.from(encodeMethod(7, method))
        expect(readAll([frame], FRAME_MAX)).toEqual(framesOf({ type: 'method', channel: 7, method }, FRAME_MAX))
        expect(encodeMethod(7, methodIn(frame))).toEqual(frame)
      }),
      { numRuns: 40 },
    )
  })

  test('have ids of their own', () => {
    const ids = Object.values(METHODS).map(([classId, methodId]) => `${classId}.${methodId}`)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('pack adjacent bits into one octet, the first lowest, and send reserved fields as zero', () => {
    const method: Method = {
      name: 'queue.declare',
      queue: 'q',
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: true,
      nowait: false,
      arguments: { n: 5 },
    }
    const frame = rawFrame(1, 1, hex('0032000a 0000 0171 0a 0000000b 016e 6c 0000000000000005'))
    expect(encodeMethod(1, method).toString('hex')).toBe(frame.toString('hex'))
    expect(methodIn(frame)).toEqual(method)
  })

  test('ignore the ticket and bits that nobody has named', () => {
    const frame = rawFrame(1, 1, hex('003c0028 ffff 0165 016b fd'))
    expect(methodIn(frame)).toEqual({
      name: 'basic.publish',
      exchange: 'e',
      routingKey: 'k',
      mandatory: true,
      immediate: false,
    })
  })

  test('have delivery tags of eight octets', () => {
    const frame = rawFrame(1, 1, hex('003c0050 001fffffffffffff 01'))
    expect(methodIn(frame)).toEqual({ name: 'basic.ack', deliveryTag: Number.MAX_SAFE_INTEGER, multiple: true })
  })

  test('are not written with names that are too long', () => {
    const method: Method = { name: 'basic.cancel', consumerTag: 'é'.repeat(128), nowait: false }
    expect(() => encodeMethod(1, method)).toThrow(RangeError)
    expect(encodeMethod(1, { ...method, consumerTag: 'c' }).length).toBe(15)
  })
})

describe('values of tables', () => {
  const valueIn = (bytes: string): unknown => {
    const table = withLength(Buffer.concat([hex('0176'), hex(bytes)]))
    const method = methodIn(rawFrame(1, 1, Buffer.concat([hex('003c0014 0000 00 00 00'), table])))
    return 'arguments' in method ? method.arguments.v : undefined
  }

  test.each([
    ['bool', '74 02', true],
    ['int8', '62 ff', new Typed('int8', -1)],
    ['uint8', '42 ff', new Typed('uint8', 255)],
    ['int16', '73 8000', new Typed('int16', -32_768)],
    ['uint16', '75 8000', new Typed('uint16', 32_768)],
    ['int32', '49 ffffffff', new Typed('int32', -1)],
    ['uint32', '69 ffffffff', new Typed('uint32', 4_294_967_295)],
    ['int64', '6c ffffffffffffffff', -1],
    ['int64 as Qpid has it', '4c 0000000000000007', 7],
    ['int64 beyond what a number holds', '6c 7fffffffffffffff', new Typed('int64', 2n ** 63n - 1n)],
    ['float', '66 3fc00000', new Typed('float', 1.5)],
    ['double', '64 3ff8000000000000', 1.5],
    ['double without a fraction', '64 3ff0000000000000', new Typed('double', 1)],
    ['decimal', '44 02 0000013a', new Typed('decimal', '2:314')],
    ['text', '53 00000002 c3a9', 'é'],
    ['text that is none', '53 00000002 c3c3', new Typed('bytes', Buffer.from([0xc3, 0xc3]))],
    ['text with a replacement character of its own', '53 00000003 efbfbd', '\uFFFD'],
    ['bytes', '78 00000001 41', new Typed('bytes', Buffer.from('A'))],
    ['array', '41 00000003 74 00 56', [false, null]],
    ['table', '46 0000000b 0161 7401 0162 5300000000', { a: true, b: '' }],
    ['timestamp', '54 0000000060000000', new Typed('timestamp', 0x60000000)],
    ['timestamp beyond all that fits', '54 ffffffffffffffff', new Typed('timestamp', 2 ** 64 - 2 ** 11)],
    ['void', '56', null],
  ])('%s', (_name, bytes, value) => {
    expect(valueIn(bytes)).toEqual(value)
  })

  test('a field may be named as JavaScript names a prototype', () => {
    expect(valueIn('46 0000000b 09 5f5f70726f746f5f5f 56')).toEqual(Object.fromEntries([['__proto__', null]]))
  })

  test('of a name that comes twice the last counts', () => {
    expect(valueIn('46 00000007 0161 7401 0161 56')).toEqual({ a: null })
  })
})

describe('contents', () => {
  test('any utterance is read as it was written, at any frame size', () => {
    fc.assert(
      fc.property(utterances, fc.integer({ min: 4096, max: 20_000 }), (utterance, frameMax) => {
        expect(readAll([Buffer.from(encode(utterance, frameMax))], FRAME_MAX)).toEqual(framesOf(utterance, frameMax))
      }),
      { numRuns: 300 },
    )
  })

  test('have their properties in order, the first with the highest flag', () => {
    const method: Method = { name: 'basic.publish', exchange: '', routingKey: 'q', mandatory: false, immediate: false }
    const all = {
      content_type: 'a',
      content_encoding: 'b',
      headers: {},
      delivery_mode: 1,
      priority: 2,
      correlation_id: 'c',
      reply_to: 'd',
      expiration: 'e',
      message_id: 'f',
      timestamp: 3,
      type: 'g',
      user_id: 'h',
      app_id: 'i',
      cluster_id: 'j',
    }
    const encoded = Buffer.concat(encodeContent(1, method, all, Buffer.alloc(0), 4096))
    const header = rawFrame(
      2,
      1,
      hex(
        '003c 0000 0000000000000000 fffc 0161 0162 00000000 01 02 0163 0164 0165 0166 0000000000000003 0167 0168 0169 016a',
      ),
    )
    expect(encoded.subarray(-header.length).toString('hex')).toBe(header.toString('hex'))
    const reversed = Object.fromEntries(Object.entries(all).reverse())
    expect(Buffer.concat(encodeContent(1, method, reversed, Buffer.alloc(0), 4096))).toEqual(encoded)
  })

  test('leave out what they do not have', () => {
    fc.assert(
      fc.property(properties, (some) => {
        const method = { name: 'basic.deliver', consumerTag: 'c', deliveryTag: 1, redelivered: false } as const
        const address = { exchange: 'e', routingKey: 'k' }
        const [, header] = readAll(encodeContent(1, { ...method, ...address }, some, Buffer.alloc(0), 4096), FRAME_MAX)
        const read = { properties: asRead(some as never), bodySize: 0, classId: 60, weight: 0 }
        expect(header).toEqual({ type: 'header', channel: 1, ...read })
      }),
    )
  })
})

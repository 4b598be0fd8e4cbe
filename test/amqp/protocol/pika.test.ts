import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Frame } from '../../../lib/amqp/protocol/frame.ts'
import { encodeContent, encodeMethod } from '../../../lib/amqp/protocol/frame-writer.ts'
import { type ContentMethod, hasContent } from '../../../lib/amqp/protocol/methods.ts'
import { readProtocolHeader } from '../../../lib/amqp/protocol/protocol-header.ts'
import { Typed } from '../../../lib/model/amqp-value.ts'
import { hex } from '../raw-frame.ts'
import { readAll } from './frames.ts'

/**
 * What pika 1.4.4 sent to a RabbitMQ, one frame on a line: it logged in, declared a queue, published to it with headers of
 * every type that pika has, got the message, returned it, consumed it, and closed.
 */
const [header = '', ...lines] = readFileSync(new URL('fixtures/pika-1.4.4.hex', import.meta.url), 'utf8')
  .trim()
  .split('\n')
const sent = lines.map(hex)
const frames = readAll(sent, 131_072)

const methodNames = frames.map((frame) => (frame.type === 'method' ? frame.method.name : frame.type))

test('pika’s session is read', () => {
  expect(readProtocolHeader(hex(header))).toBe('amqp')
  expect(methodNames).toEqual([
    'connection.start-ok',
    'connection.tune-ok',
    'connection.open',
    'channel.open',
    'queue.declare',
    'confirm.select',
    'basic.publish',
    'header',
    'body',
    'basic.get',
    'basic.nack',
    'basic.qos',
    'basic.consume',
    'basic.ack',
    'basic.cancel',
    'channel.close',
    'connection.close',
  ])
})

test('pika’s login, arguments, properties and headers are what the program said', () => {
  const said = (at: number): Frame | undefined => frames[at]
  expect(said(0)).toMatchObject({
    channel: 0,
    method: {
      mechanism: 'PLAIN',
      response: Buffer.from('\0guest\0guest'),
      clientProperties: { connection_name: 'fixture', capabilities: { 'basic.nack': true } },
    },
  })
  expect(said(4)).toMatchObject({
    channel: 1,
    method: {
      queue: 'fixture',
      durable: false,
      autoDelete: true,
      arguments: { 'x-message-ttl': new Typed('int32', 60_000), 'x-max-length': 2 ** 40 },
    },
  })
  expect(said(7)).toEqual({
    type: 'header',
    channel: 1,
    classId: 60,
    weight: 0,
    bodySize: 6,
    properties: {
      content_type: 'text/plain',
      delivery_mode: 2,
      priority: 3,
      correlation_id: 'c',
      timestamp: 1_700_000_000,
      headers: {
        text: 'é',
        bytes: new Typed('bytes', Buffer.from([0xff, 0x00])),
        int: new Typed('int32', 1),
        long: 2 ** 40,
        true: true,
        none: null,
        decimal: new Typed('decimal', '2:314'),
        time: new Typed('timestamp', 1_767_323_045),
        list: [new Typed('int32', 1), 'two', { three: new Typed('int32', 3) }],
        table: {},
      },
    },
  })
  expect(said(8)).toEqual({ type: 'body', channel: 1, payload: Buffer.from('héllo') })
})

test('what was read is written as pika has written it', () => {
  let content: { method: ContentMethod; properties: object } | undefined
  const written = frames.flatMap((frame) => {
    if (frame.type === 'header' && content !== undefined) content.properties = frame.properties
    if (frame.type === 'body' && content !== undefined) {
      return encodeContent(frame.channel, content.method, content.properties, frame.payload, 4096)
    }
    if (frame.type !== 'method') return []
    if (!hasContent(frame.method)) return [encodeMethod(frame.channel, frame.method)]
    content = { method: frame.method, properties: {} }
    return []
  })
  // pika sets the reserved bit at the end of connection.open.
  const expected = sent.map((frame, at) =>
    at === 2 ? Buffer.from(frame).fill(0, frame.length - 2, frame.length - 1) : frame,
  )
  expect(Buffer.concat(written).toString('hex')).toBe(Buffer.concat(expected).toString('hex'))
})

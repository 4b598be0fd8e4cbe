import { encodeMethod } from '../../../lib/amqp/protocol/frame-writer.ts'
import type { Method, MethodName } from '../../../lib/amqp/protocol/methods.ts'
import { methodOf } from '../../amqp/method.ts'
import { hex, rawFrame } from '../../amqp/raw-frame.ts'

const NOTHING = Buffer.alloc(0)
const PUBLISH = '003c 0028 0000 00 00 00'
const HEADER = '003c 0000 0000000000000001 0000'

const frame = (type: number, payload: string) => (channel: number) => rawFrame(type, channel, hex(payload))
const method = (name: MethodName) => (channel: number) => encodeMethod(channel, methodOf(name) as Method)
const onConnection = (bytes: (channel: number) => Buffer) => () => bytes(0)
const inTurn =
  (...parts: readonly ((channel: number) => Buffer)[]) =>
  (channel: number) =>
    Buffer.concat(parts.map((part) => part(channel)))

/** What breaks the protocol, by what it is: bytes for an open channel. Each ends the connection. */
export const malformed: Readonly<Record<string, (channel: number) => Buffer>> = {
  'a body where a method is due': frame(3, '00'),
  'a header where a method is due': frame(2, HEADER),
  'a method where a header is due': inTurn(frame(1, PUBLISH), method('channel.flow')),
  'a body where a header is due': inTurn(frame(1, PUBLISH), frame(3, '00')),
  'a method where a body is due': inTurn(frame(1, PUBLISH), frame(2, HEADER), method('channel.flow')),
  'a header of another class': inTurn(frame(1, PUBLISH), frame(2, '0032 0000 0000000000000001 0000')),
  'a header with a weight': inTurn(frame(1, PUBLISH), frame(2, '003c 0001 0000000000000001 0000')),
  'a body that is too long': inTurn(frame(1, PUBLISH), frame(2, HEADER), frame(3, '0000'), method('channel.flow')),
  'content on channel 0': onConnection(frame(3, '00')),
  'an unknown frame type': frame(4, '00'),
  'a heartbeat with a payload': onConnection(frame(8, '00')),
  'a heartbeat on a channel': frame(8, ''),
  'a bad end octet': (channel) => rawFrame(1, channel, hex('00140014 01'), { end: 0 }),
  'a frame that is too large': (channel) => rawFrame(1, channel, NOTHING, { size: 200_000 }).subarray(0, 7),
  'arguments that end too early': frame(1, '003c 0050 00'),
  'arguments that end too late': frame(1, '003c 0050 0000000000000001 00 00'),
  'a name that is no text': frame(1, '003c 001e 01 ff 00'),
  'a channel that is not open': () => method('channel.flow')(9),
  'a channel that is open already': method('channel.open'),
  'a channel’s method on channel 0': onConnection(method('queue.declare')),
  'a connection’s method on a channel': method('connection.open'),
  'a connection’s method out of turn': onConnection(method('connection.open')),
  'a method of servers': method('basic.qos-ok'),
  'a reply of servers': method('queue.declare-ok'),
  'a close-ok that nobody has asked for': method('channel.close-ok'),
}

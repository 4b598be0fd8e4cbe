import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CHANNEL_CLOSING,
  CHANNEL_OPEN,
  type ChannelEffect,
  type ChannelState,
  stepChannel,
} from '../../../lib/amqp/channel/machine.ts'
import type { BodyFrame, HeaderFrame, MethodFrame } from '../../../lib/amqp/protocol/frame.ts'
import type { MethodName } from '../../../lib/amqp/protocol/methods.ts'
import { type Fields, methodOf } from '../method.ts'

type ChannelFrame = MethodFrame | HeaderFrame | BodyFrame

const LIMITS = { maxPayloadBytes: 1000 }

const method = <Name extends MethodName>(name: Name, fields?: Fields<Name>): MethodFrame =>
  ({ type: 'method', channel: 1, method: methodOf(name, fields) }) as MethodFrame
const header = (bodySize: number): HeaderFrame => ({
  type: 'header',
  channel: 1,
  classId: 60,
  weight: 0,
  bodySize,
  properties: { type: 't' },
})
const body = (payload: Uint8Array): BodyFrame => ({ type: 'body', channel: 1, payload })

function run(frames: readonly ChannelFrame[], from: ChannelState = CHANNEL_OPEN) {
  const effects: ChannelEffect[] = []
  let state = from
  for (const frame of frames) {
    const step = stepChannel(state, frame, LIMITS)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

const errorOf = (frames: readonly ChannelFrame[]) => {
  const { state, effects } = run(frames)
  expect(state.phase).toBe('closing')
  const [effect] = effects
  if (effect?.type !== 'fail') throw new Error(`expected a failure, got ${effect?.type}`)
  const { code, scope, method: offending } = effect.error
  return { code, scope, offending }
}

describe('an open channel', () => {
  test('gathers a publish from its frames, however the body is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), (pieces) => {
        const payload = Buffer.concat(pieces)
        const publish = methodOf('basic.publish', { routingKey: 'k' })
        const pending = payload.length === 0 ? [] : pieces.map(body)
        // What comes behind the last byte is not of this body any more.
        while (pending.at(-1)?.payload.length === 0) pending.pop()
        const { state, effects } = run([
          method('basic.publish', { routingKey: 'k' }),
          header(payload.length),
          ...pending,
        ])
        expect(state).toEqual(CHANNEL_OPEN)
        expect(effects).toHaveLength(1)
        const [effect] = effects
        if (effect?.type !== 'publish') throw new Error('no publish')
        expect(effect.publish).toEqual(publish)
        expect(effect.content.properties).toEqual({ type: 't' })
        expect(Buffer.from(effect.content.payload).equals(payload)).toBe(true)
      }),
    )
  })

  test('has methods of clients executed', () => {
    const { effects } = run([method('queue.declare', { queue: 'q' }), method('basic.ack', { deliveryTag: 1 })])
    expect(effects.map((effect) => effect.type === 'execute' && effect.method.name)).toEqual([
      'queue.declare',
      'basic.ack',
    ])
  })

  test.each([
    ['a second open', [method('channel.open')], 504, 'channel.open'],
    ['a method of servers', [method('basic.deliver')], 503, 'basic.deliver'],
    ['a method of connections', [method('connection.open')], 503, 'connection.open'],
    ['an answer to nothing', [method('channel.close-ok')], 503, 'channel.close-ok'],
    ['a header without a publish', [header(1)], 505, undefined],
    ['a body without a publish', [body(Uint8Array.of(1))], 505, undefined],
    ['a method where a header is due', [method('basic.publish'), method('basic.qos')], 505, 'basic.publish'],
    ['a body where a header is due', [method('basic.publish'), body(Uint8Array.of(1))], 505, 'basic.publish'],
    ['a header where a body is due', [method('basic.publish'), header(2), header(2)], 505, 'basic.publish'],
    ['a body that is too long', [method('basic.publish'), header(1), body(Uint8Array.of(1, 2))], 501, 'basic.publish'],
  ])('ends its connection with %s', (_what, frames, code, offending) => {
    expect(errorOf(frames)).toEqual({ code, scope: 'connection', offending })
  })

  test('ends alone where a message is larger than any may be, at its header', () => {
    expect(errorOf([method('basic.publish'), header(1001)])).toEqual({
      code: 406,
      scope: 'channel',
      offending: 'basic.publish',
    })
  })
})

describe('a channel that was closed by the server', () => {
  test('discards everything until the client knows', () => {
    const { state, effects } = run([method('basic.publish'), header(1), method('queue.declare')], CHANNEL_CLOSING)
    expect({ state, effects }).toEqual({ state: CHANNEL_CLOSING, effects: [] })
    expect(run([method('channel.close-ok')], CHANNEL_CLOSING).effects).toEqual([{ type: 'forget' }])
  })

  test('answers a close that crosses its own', () => {
    expect(run([method('channel.close')], CHANNEL_CLOSING).effects).toEqual([
      { type: 'send', method: { name: 'channel.close-ok' } },
    ])
  })
})

test('a channel that its client closes takes nothing more', () => {
  expect(run([method('channel.close'), method('basic.qos')])).toEqual({
    state: CHANNEL_CLOSING,
    effects: [{ type: 'close' }],
  })
})

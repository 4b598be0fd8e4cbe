import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Client } from '../../../lib/amqp/connection/client.ts'
import {
  CONNECTION_BEGUN,
  type ConnectionEffect,
  type ConnectionInput,
  type ConnectionState,
  stepConnection,
} from '../../../lib/amqp/connection/machine.ts'
import { AmqpError } from '../../../lib/amqp/errors.ts'
import type { Method } from '../../../lib/amqp/protocol/methods.ts'
import { ProtocolError } from '../../../lib/amqp/protocol/protocol-error.ts'
import { methodOf } from '../method.ts'

const TERMS = { mechanisms: ['PLAIN'] } as const
const TUNED = { channelMax: 10, frameMax: 4096, heartbeat: 7 }

const received = (method: Method): ConnectionInput => ({ type: 'method', method })
const HEADER: ConnectionInput = { type: 'header', header: 'amqp' }
const START_OK = received(methodOf('connection.start-ok', { mechanism: 'PLAIN', response: Uint8Array.of(0) }))
const TUNE_OK = received(methodOf('connection.tune-ok', TUNED))
const OPEN = received(methodOf('connection.open', { vhost: 'v' }))
const TO_OPEN: readonly ConnectionInput[] = [
  HEADER,
  START_OK,
  { type: 'authenticated' },
  TUNE_OK,
  OPEN,
  { type: 'opened' },
]

function run(inputs: readonly ConnectionInput[], from: ConnectionState = CONNECTION_BEGUN.state) {
  const effects: ConnectionEffect[] = []
  let state = from
  for (const input of inputs) {
    const step = stepConnection(state, input, TERMS)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

/** What happens, in words. */
const told = (effects: readonly ConnectionEffect[]): string[] =>
  effects.map((effect) => {
    if (effect.type === 'send') return effect.method.name
    return effect.type === 'timer' ? `timer ${effect.afterMs}` : effect.type
  })

describe('a handshake', () => {
  test('goes step by step to an open connection', () => {
    const { state, effects } = run(TO_OPEN)
    expect(state).toEqual({ phase: 'running', tuned: TUNED })
    expect(told(effects)).toEqual([
      'connection.start',
      'authenticate',
      'connection.tune',
      'tune',
      'enter',
      'timer undefined',
      'connection.open-ok',
    ])
  })

  test('answers another protocol with the header of this one, and ends', () => {
    const { state, effects } = run([{ type: 'header', header: 'other' }])
    expect([state.phase, told(effects)]).toEqual(['ended', ['send-header', 'end']])
  })

  test('hangs up without a word on whatever comes out of turn', () => {
    const steps = TO_OPEN.slice(0, 5)
    for (let length = 1; length < steps.length; length += 1) {
      for (const stray of [OPEN, START_OK, TUNE_OK, received(methodOf('basic.qos')), { type: 'content' } as const]) {
        if (stray === steps[length]) continue
        const { state, effects } = run([...steps.slice(0, length), stray])
        expect([state.phase, told(effects).at(-1)]).toEqual(['hanging-up', 'timer 3000'])
      }
    }
  })

  test.each([{ channelMax: 0 }, { channelMax: 3000 }, { frameMax: 4095 }, { frameMax: 200_000 }])(
    'refuses what nobody offered: %j',
    (asked) => {
      const tuned = received(methodOf('connection.tune-ok', { ...TUNED, ...asked }))
      expect(run([HEADER, START_OK, { type: 'authenticated' }, tuned]).state.phase).toBe('hanging-up')
    },
  )

  test('ends where it takes too long', () => {
    expect(told(CONNECTION_BEGUN.effects)).toEqual(['timer 10000'])
    for (let length = 0; length < TO_OPEN.length; length += 1) {
      expect(run([...TO_OPEN.slice(0, length), { type: 'timeout' }]).state.phase).toBe('ended')
    }
  })

  test('tells why a login was refused only whoever understands it', () => {
    const refused = (properties: Client['properties']) => {
      const startOk = received(methodOf('connection.start-ok', { mechanism: 'PLAIN', clientProperties: properties }))
      return told(run([HEADER, startOk, { type: 'login-refused' }]).effects).slice(2)
    }
    expect(refused({})).toEqual(['timer 3000'])
    expect(refused({ capabilities: { authentication_failure_close: true } })).toEqual([
      'connection.close',
      'timer 3000',
    ])
  })

  test('tells why a vhost is not entered', () => {
    const { state, effects } = run([...TO_OPEN.slice(0, 5), { type: 'open-refused', text: 'vhost v not found' }])
    expect(state.phase).toBe('closing')
    expect(effects).toContainEqual({
      type: 'send',
      method: {
        name: 'connection.close',
        replyCode: 530,
        replyText: 'NOT_ALLOWED - vhost v not found',
        classId: 10,
        methodId: 40,
      },
    })
  })
})

describe('an open connection', () => {
  const OPENED: ConnectionState = { phase: 'running', tuned: TUNED }
  const close = received(methodOf('connection.close'))
  const closeOk = received(methodOf('connection.close-ok'))

  test('gives everything back before it says that it is closed', () => {
    const left = run([close], OPENED)
    expect([left.state.phase, told(left.effects)]).toEqual(['leaving', ['release']])
    const released = run([{ type: 'released' }], left.state)
    expect([released.state.phase, told(released.effects)]).toEqual([
      'ended',
      ['timer undefined', 'connection.close-ok', 'end'],
    ])
  })

  test('that is closed by the server waits for the answer, as long as a heartbeat', () => {
    const failed = run([{ type: 'fail', error: new AmqpError(320, 'why') }], OPENED)
    expect(told(failed.effects)).toEqual(['abandon', 'connection.close', 'timer 7000'])
    expect(run([received(methodOf('channel.open')), { type: 'content' }], failed.state).effects).toEqual([])
    expect(told(run([close], failed.state).effects)).toEqual(['connection.close-ok'])
    expect(run([closeOk], failed.state).state.phase).toBe('ended')
    expect(run([{ type: 'timeout' }], failed.state).state.phase).toBe('ended')
  })

  test('waits for nothing behind bytes that cannot be read', () => {
    const error = new ProtocolError(501, 'broken', { isFatal: true })
    expect(told(run([{ type: 'fail', error }], OPENED).effects).at(-1)).toBe('timer 3000')
  })

  test.each([
    ['connection.start', 503],
    ['connection.close-ok', 503],
    ['connection.open', 504],
    ['basic.qos', 504],
  ] as const)('ends with %s', (name, replyCode) => {
    const { effects } = run([received(methodOf(name) as Method)], OPENED)
    expect(effects).toContainEqual({
      type: 'send',
      method: expect.objectContaining({ name: 'connection.close', replyCode }),
    })
  })
})

test('whatever happens, a connection that has ended stays so, and every way ends', () => {
  const inputs: readonly ConnectionInput[] = [
    ...TO_OPEN,
    received(methodOf('connection.close')),
    received(methodOf('connection.close-ok')),
    received(methodOf('basic.qos')),
    { type: 'content' },
    { type: 'released' },
    { type: 'login-refused' },
    { type: 'open-refused', text: '' },
    { type: 'fail', error: new AmqpError(541, '') },
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...inputs), { maxLength: 20 }), (some) => {
      const { state, effects } = run(some)
      expect(effects.filter(({ type }) => type === 'end').length).toBe(state.phase === 'ended' ? 1 : 0)
      const rest = run([{ type: 'released' }, { type: 'timeout' }], state)
      if (state.phase !== 'running') expect(rest.state.phase).toBe('ended')
    }),
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeInline } from '../../lib/delivery/envelope.ts'
import { UnknownEnvelopeError } from '../../lib/delivery/envelope-metadata.ts'
import {
  encodeRelayMessages,
  MAX_RELAY_INLINE_BYTES,
  MAX_RELAY_TARGETS,
  parseRelayMessage,
  type RelayMessage,
} from '../../lib/delivery/relay-message.ts'
import { isCarried } from '../../lib/delivery/sqs-text.ts'
import { messages } from './support.ts'

const target = fc.record(
  {
    queueId: fc.string(),
    sqsQueueName: fc.string(),
    hop: fc.nat(256),
    expiresAtMs: fc.nat(),
    idleHops: fc.nat(256),
    deliveries: fc.nat(1000),
  },
  { requiredKeys: ['queueId', 'sqsQueueName', 'hop'] },
)

const targets = fc.array(target, { maxLength: 350, size: 'max' })

const relays: fc.Arbitrary<RelayMessage> = fc.record({
  publishId: fc.string(),
  vhostId: fc.string(),
  version: fc.nat(),
  message: messages.map((message) => {
    const { body, attribute } = encodeInline({ message, bccKeys: [] })
    return { body, attribute }
  }),
  targets,
})

describe('relay messages', () => {
  it('name every target once, in order, a hundred each', () => {
    fc.assert(
      fc.property(relays, (relay) => {
        const parsed = encodeRelayMessages(relay).map(({ body }) => parseRelayMessage(body))
        expect(parsed).toHaveLength(Math.ceil(relay.targets.length / MAX_RELAY_TARGETS))
        expect(parsed.flatMap((part) => part.targets)).toEqual(relay.targets)
        for (const part of parsed) {
          expect(part.targets.length).toBeLessThanOrEqual(MAX_RELAY_TARGETS)
          expect({ ...part, targets: [] }).toEqual({ ...relay, targets: [] })
        }
      }),
      { numRuns: 30 },
    )
  })

  it('are carried by SQS and know their size', () => {
    fc.assert(
      fc.property(relays, (relay) => {
        for (const { body, sizeBytes } of encodeRelayMessages(relay)) {
          expect(isCarried(body)).toBe(true)
          expect(sizeBytes).toBe(new TextEncoder().encode(body).length)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('fit SQS with the largest body, all of it escaped, and the longest names', () => {
    const longest = Array.from({ length: MAX_RELAY_TARGETS }, () => ({
      queueId: 'q'.repeat(26),
      sqsQueueName: 's'.repeat(80),
      hop: 256,
    }))
    const message = { body: '\n'.repeat(MAX_RELAY_INLINE_BYTES), attribute: '"'.repeat(131_072) }
    const [encoded] = encodeRelayMessages({ publishId: 'p', vhostId: 'v', version: 1, message, targets: longest })
    expect(encoded?.sizeBytes).toBeLessThan(1_048_576)
  })

  it.each([
    '',
    '{}',
    '{"v":2,"publish":"p","vhost":"v","version":1,"body":"b","targets":[]}',
    '{"v":1,"publish":"p","vhost":"v","version":1,"targets":[]}',
    '{"v":1,"publish":"p","vhost":"v","version":1,"body":"b","targets":[["q","s"]]}',
    '{"v":1,"publish":"p","vhost":"v","version":1,"body":"b","targets":[null]}',
  ])('are refused as %j', (body) => {
    expect(() => parseRelayMessage(body)).toThrow(UnknownEnvelopeError)
  })
})

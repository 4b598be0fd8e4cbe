import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Delivered, fitsTag, MAX_TAG_MESSAGE_BYTES, Tags } from '../../lib/delivery/tags.ts'
import { awkwardTexts } from './support.ts'

const key = randomBytes(32)
const tags = new Tags(key)

const delivered: Delivered = {
  receiptHandle: 'AQEB/+=',
  sqsQueueName: 'leveret-orders-0123456789',
  deadlineMs: 1_700_000_000_000,
  receivedAtMs: 1_699_999_990_000,
  receiveCount: 2,
  sentAtMs: 1_600_000_000_000,
  groupId: 'g',
  identity: { publishId: 'p', queueId: 'q', hop: 1 },
  stored: { body: 'Grüße \u{1f600}', attribute: '{"v":1}' },
}

const flipBit = (bytes: Buffer, bit: number): Buffer => {
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return flipped
}

describe('a delivery tag', () => {
  it('opens to what was sealed, for its queue', () => {
    fc.assert(
      fc.property(fc.string(), awkwardTexts, fc.nat(), (queueId, body, receiveCount) => {
        const sealed = { ...delivered, receiveCount, stored: { body } }
        expect(tags.open(tags.seal(sealed, queueId), queueId)).toEqual(sealed)
      }),
    )
  })

  it('is URL-safe text that shows nothing of what it holds', () => {
    const tag = tags.seal(delivered, 'q')
    expect(tag).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(Buffer.from(tag, 'base64url').includes('AQEB')).toBe(false)
  })

  it('is another one each time', () => {
    expect(tags.seal(delivered, 'q')).not.toBe(tags.seal(delivered, 'q'))
  })

  it('opens for no other queue and under no other key', () => {
    const tag = tags.seal(delivered, 'q')
    expect(tags.open(tag, 'p')).toBeUndefined()
    expect(tags.open(tag, '')).toBeUndefined()
    expect(new Tags(randomBytes(32)).open(tag, 'q')).toBeUndefined()
  })

  it('does not open with any single bit flipped', () => {
    const bytes = Buffer.from(tags.seal(delivered, 'q'), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      expect(tags.open(flipBit(bytes, bit).toString('base64url'), 'q')).toBeUndefined()
    }
  })

  it('does not open with any single bit of its text flipped', () => {
    const text = Buffer.from(tags.seal(delivered, 'q'), 'latin1')
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      expect(tags.open(flipBit(text, bit).toString('latin1'), 'q')).toBeUndefined()
    }
  })

  it('does not open cut off or continued', () => {
    const tag = tags.seal(delivered, 'q')
    for (let length = 0; length < tag.length; length += 1) expect(tags.open(tag.slice(0, length), 'q')).toBeUndefined()
    for (const more of ['A', 'AAAA', '=', ' ', '\n']) expect(tags.open(tag + more, 'q')).toBeUndefined()
  })

  it('does not open when it is garbage', () => {
    fc.assert(fc.property(fc.string(), (garbage) => tags.open(garbage, 'q') === undefined))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const tag = Buffer.from([1, ...bytes]).toString('base64url')
        expect(tags.open(tag, 'q')).toBeUndefined()
      }),
    )
  })

  it('holds a message of up to 8 KiB, counted in bytes', () => {
    expect(fitsTag({ body: 'é'.repeat(MAX_TAG_MESSAGE_BYTES / 2) })).toBe(true)
    expect(fitsTag({ body: 'é'.repeat(MAX_TAG_MESSAGE_BYTES / 2), attribute: 'a' })).toBe(false)
  })

  it('takes no key of another length', () => {
    expect(() => new Tags(randomBytes(16))).toThrow(RangeError)
  })
})

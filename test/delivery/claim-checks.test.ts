import { describe, expect, it } from 'vitest'
import {
  ClaimChecks,
  MAX_INLINE_BYTES,
  MAX_METADATA_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_SQS_BYTES,
} from '../../lib/delivery/claim-checks.ts'
import { decodeMessage, encodeClaimCheck, envelopeOf } from '../../lib/delivery/envelope.ts'
import type { Message } from '../../lib/model/message.ts'
import { memoryBlobs, message } from './support.ts'

function setUp() {
  const blobs = memoryBlobs()
  return { blobs, claimChecks: new ClaimChecks(blobs) }
}

const options = { vhostId: 'vhost' }
const large = Buffer.alloc(MAX_SQS_BYTES, 'x')

describe('claim checks', () => {
  it('leave what fits in SQS where it is', async () => {
    const { blobs, claimChecks } = setUp()
    const encoded = await claimChecks.encode(envelopeOf(message('small')), options)
    expect(encoded.body).toBe('small')
    expect(blobs.objects.size).toBe(0)
  })

  it('take over exactly where a message outgrows SQS', async () => {
    const { blobs, claimChecks } = setUp()
    const { sizeBytes } = await claimChecks.encode(envelopeOf(message('x')), options)
    const largest = MAX_INLINE_BYTES - sizeBytes + 1
    const fitting = await claimChecks.encode(envelopeOf(message(Buffer.alloc(largest, 'x'))), options)
    expect(fitting.sizeBytes).toBe(MAX_INLINE_BYTES)
    expect(blobs.objects.size).toBe(0)
    await claimChecks.encode(envelopeOf(message(Buffer.alloc(largest + 1, 'x'))), options)
    expect(blobs.objects.size).toBe(1)
  })

  it('take over for bytes that only base64 makes too large', async () => {
    const { claimChecks } = setUp()
    const binary = Buffer.alloc(800_000, 0xff)
    const encoded = await claimChecks.encode(envelopeOf(message(binary)), options)
    expect(encoded.sizeBytes).toBeLessThan(1000)
    const { message: opened } = await claimChecks.open(decodeMessage(encoded, 'q'), 'vhost')
    expect(opened.payload).toEqual(binary)
  })

  it('give back the message that was encoded', async () => {
    const { blobs, claimChecks } = setUp()
    const published = message(large, { properties: { headers: { BCC: ['b'], a: 1 } } })
    const encoded = await claimChecks.encode(envelopeOf(published), options)
    expect([...blobs.objects.keys()]).toEqual([expect.stringMatching(/^live\/vhost\/[\w-]{20}$/)])
    expect(await claimChecks.open(decodeMessage(encoded, 'q'), 'vhost')).toEqual(envelopeOf(published))
    expect(blobs.objects.size).toBe(1)
  })

  it('take over earlier where the caller has less room', async () => {
    const { blobs, claimChecks } = setUp()
    await claimChecks.encode(envelopeOf(message('0123456789')), { ...options, maxInlineBytes: 0 })
    expect(blobs.objects.size).toBe(1)
  })

  it.each([
    'live/other/abc',
    'live/vhost/../other/abc',
    'live/vhost/..',
    'live/vhost/',
    'live/vhost',
    'base/vhost/abc',
    '/live/vhost/abc',
    'live/vhost/a/b',
  ])('are not followed out of the vhost: %s', async (key) => {
    const { blobs, claimChecks } = setUp()
    await blobs.put(key, Buffer.from('secret'))
    const pointer = decodeMessage(encodeClaimCheck(envelopeOf(message('x')), key), 'q')
    await expect(claimChecks.open(pointer, 'vhost')).rejects.toMatchObject({
      name: 'ClaimCheckError',
      problem: 'foreign',
    })
  })

  it('are followed to what waits as well', async () => {
    const { blobs, claimChecks } = setUp()
    await blobs.put('scheduled/vhost/abc', Buffer.from('later'))
    const pointer = decodeMessage(encodeClaimCheck(envelopeOf(message('x')), 'scheduled/vhost/abc'), 'q')
    expect((await claimChecks.open(pointer, 'vhost')).message.payload).toEqual(Buffer.from('later'))
  })

  it('say when their blob is gone', async () => {
    const { claimChecks } = setUp()
    const pointer = decodeMessage(encodeClaimCheck(envelopeOf(message('x')), 'live/vhost/abc'), 'q')
    await expect(claimChecks.open(pointer, 'vhost')).rejects.toMatchObject({ problem: 'missing' })
  })

  it('refuse a payload beyond the limit and keep nothing of it', async () => {
    const { blobs, claimChecks } = setUp()
    const tooLarge = message(Buffer.alloc(MAX_PAYLOAD_BYTES + 1))
    await expect(claimChecks.encode(envelopeOf(tooLarge), options)).rejects.toMatchObject({
      kind: 'precondition-failed',
      message: 'message size 16777217 is larger than configured max size 16777216',
    })
    expect(blobs.objects.size).toBe(0)
  })

  it('refuse headers beyond the limit, with a small payload and with a large one', async () => {
    const { blobs, claimChecks } = setUp()
    const properties: Message['properties'] = { headers: { a: 'é'.repeat(MAX_METADATA_BYTES / 2) } }
    for (const payload of ['x', large]) {
      const published = envelopeOf(message(payload, { properties }))
      await expect(claimChecks.encode(published, options)).rejects.toMatchObject({ kind: 'invalid' })
      await claimChecks.encode(published, { ...options, maxMetadataBytes: 2 * MAX_METADATA_BYTES })
    }
    expect(blobs.objects.size).toBe(1)
  })
})

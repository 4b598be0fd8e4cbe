import { describe, expect, it } from 'vitest'
import {
  ClaimCheckError,
  decode,
  RECEIVE_OPTIONS,
  type SdkRecord,
  UnknownEnvelopeError,
} from '../../lib/delivery/consumer.ts'
import { encodeCopy } from '../../lib/delivery/copy.ts'
import { type EncodedMessage, encodeClaimCheck, encodeInline, envelopeOf } from '../../lib/delivery/envelope.ts'
import { Typed } from '../../lib/model/amqp-value.ts'

const IDENTITY = { publishId: 'publish', queueId: 'queue', hop: 0 }

const PROPERTIES = {
  content_type: 'text/plain',
  delivery_mode: 2,
  headers: { plain: 1, exact: new Typed('double', 1), 'x-death': [{ count: 1, reason: 'expired' }] },
}

const published = (payload: string | Uint8Array) =>
  envelopeOf({ exchange: 'events', routingKey: 'a.b', properties: PROPERTIES, payload: Buffer.from(payload) })

const sdkRecord = ({ body, attribute = '' }: EncodedMessage, receives = 1): SdkRecord => ({
  Body: body,
  Attributes: { ApproximateReceiveCount: String(receives), SentTimestamp: '1' },
  MessageAttributes: { leveret: { StringValue: attribute }, 'leveret-copy': { StringValue: encodeCopy(IDENTITY) } },
})

const lambdaRecord = ({ body, attribute = '' }: EncodedMessage) => ({
  messageId: 'id',
  body,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1',
    SenderId: 'x',
    ApproximateFirstReceiveTimestamp: '1',
  },
  messageAttributes: {
    leveret: { stringValue: attribute, dataType: 'String' },
    'leveret-copy': { stringValue: encodeCopy(IDENTITY), dataType: 'String' },
  },
})

describe('decode', () => {
  it.each([
    ['text', 'hello'],
    ['bytes that are no text', new Uint8Array([0, 1, 255])],
    ['nothing', ''],
  ])('gives a message back that holds %s, from the SDK as from Lambda', async (_what, payload) => {
    const message = encodeInline(published(payload))
    const expected = {
      exchange: 'events',
      routingKey: 'a.b',
      properties: PROPERTIES,
      payload: Buffer.from(payload),
      redelivered: false,
      deliveryCount: 1,
      copyId: 'publish/queue/0',
    }
    const decoded = await decode(sdkRecord(message))
    expect({ ...decoded, payload: Buffer.from(decoded.payload) }).toEqual(expected)
    expect(await decode(lambdaRecord(message))).toEqual(decoded)
  })

  it('counts deliveries', async () => {
    const message = encodeInline(published('x'))
    expect(await decode(sdkRecord(message, 3))).toMatchObject({ redelivered: true, deliveryCount: 3 })
  })

  it('reads what somebody else sent as published to the default exchange', async () => {
    const foreign = { Body: '{"raw":true}', Attributes: {} }
    const decoded = await decode(foreign, { queue: 'orders' })
    expect(decoded).toEqual({
      exchange: '',
      routingKey: 'orders',
      properties: {},
      payload: Buffer.from('{"raw":true}'),
      redelivered: false,
      deliveryCount: 1,
    })
    const record = {
      body: 'raw',
      attributes: {},
      messageAttributes: { other: { dataType: 'String', stringValue: 'x' } },
    }
    expect(await decode(record)).toMatchObject({ routingKey: '', payload: Buffer.from('raw') })
  })

  it('fetches a payload that is kept elsewhere', async () => {
    const record = sdkRecord(encodeClaimCheck(published('x'), 'live/vhost/abc'))
    const asked: string[] = []
    const readBlob = async (key: string) => {
      asked.push(key)
      return Buffer.from('large')
    }
    for (const options of [{ readBlob }, { readBlob, vhostId: 'vhost' }]) {
      const { payload, exchange } = await decode(record, options)
      expect({ payload, exchange }).toEqual({ payload: Buffer.from('large'), exchange: 'events' })
    }
    expect(asked).toEqual(['live/vhost/abc', 'live/vhost/abc'])
  })

  it.each([
    ['live/vhost/abc', 'other'],
    ['bases/vhost/abc', undefined],
    ['live/vhost/../../bases', undefined],
    ['live', undefined],
  ])('does not follow a pointer to %s for vhost %s', async (key, vhostId) => {
    const readBlob = async () => expect.unreachable('no blob may be read')
    const record = sdkRecord(encodeClaimCheck(published('x'), key))
    const decoding = decode(record, { readBlob, ...(vhostId !== undefined && { vhostId }) })
    await expect(decoding).rejects.toMatchObject({ name: 'ClaimCheckError', problem: 'foreign' })
  })

  it('says that a payload is gone, or that nobody was told how to read it', async () => {
    const record = sdkRecord(encodeClaimCheck(published('x'), 'live/vhost/abc'))
    await expect(decode(record, { readBlob: async () => undefined })).rejects.toThrow(ClaimCheckError)
    await expect(decode(record)).rejects.toThrow(/pass readBlob/)
  })

  it.each([
    ['a newer form', { StringValue: '{"v":2}' }],
    ['no JSON', { StringValue: 'x' }],
    ['no text', {}],
  ])('refuses an envelope of %s, for the message to be left where it is', async (_what, leveret) => {
    await expect(decode({ Body: 'x', MessageAttributes: { leveret } })).rejects.toThrow(UnknownEnvelopeError)
  })

  it('says what has to be asked for', () => {
    expect(RECEIVE_OPTIONS.MessageAttributeNames).toEqual(['leveret', 'leveret-copy'])
    expect(RECEIVE_OPTIONS.MessageSystemAttributeNames).toContain('ApproximateReceiveCount')
  })
})

import type { Properties } from '../model/message.ts'
import { ClaimCheckError, ClaimChecks } from './claim-checks.ts'
import { deduplicationIdOf } from './copy.ts'
import type { DecodedMessage } from './envelope.ts'
import {
  isUndecodable,
  type LambdaRecord,
  parseReceived,
  RECEIVED_ATTRIBUTES,
  RECEIVED_SYSTEM_ATTRIBUTES,
  type SdkRecord,
  toSdkRecord,
} from './received-copy.ts'

/**
 * `leveret/consumer`: for workers that take messages out of a queue's SQS queue themselves, with an AWS SDK or as a
 * Lambda function, and want them as they were published. It brings no AWS SDK along.
 */

export { type AmqpTable, type AmqpValue, Typed } from '../model/amqp-value.ts'
export type { Properties } from '../model/message.ts'
export { ClaimCheckError } from './claim-checks.ts'
export { UnknownEnvelopeError } from './envelope-metadata.ts'
export type { LambdaRecord, SdkRecord } from './received-copy.ts'

export interface DecodeOptions {
  /**
   * Reads an object of the broker's bucket; undefined where there is none. Needed for payloads that SQS cannot hold
   * (about 1 MiB and more). The caller has to be allowed `s3:GetObject` on `live/*` and `scheduled/*` of the bucket.
   */
  readonly readBlob?: (key: string) => Promise<Uint8Array | undefined>
  /**
   * Where given, payloads of this vhost only are read. Whoever may send to the SQS queue can write what points to a
   * payload, so without it nothing but the caller's own permissions bounds what is read.
   */
  readonly vhostId?: string
  /** The declared queue's name: the routing key of what somebody put straight into the SQS queue. Empty by default. */
  readonly queue?: string
}

/** A message as it was published. */
export interface ConsumedMessage {
  /** Empty for the default exchange. */
  readonly exchange: string
  readonly routingKey: string
  /** Values of headers have AMQP's types: one that plain JavaScript cannot say is a `Typed`. */
  readonly properties: Properties
  readonly payload: Uint8Array
  readonly redelivered: boolean
  /** How often SQS has handed the message out: 1 for the first time. */
  readonly deliveryCount: number
  /**
   * Equal for all duplicates of a message in a queue: what a worker remembers that must not act twice. Absent where
   * something other than Leveret sent the message.
   */
  readonly copyId?: string
}

/**
 * To be spread into the input of `ReceiveMessageCommand`. Without these attributes every message looks as if something
 * other than Leveret had sent it.
 */
export const RECEIVE_OPTIONS = {
  MessageAttributeNames: [...RECEIVED_ATTRIBUTES],
  MessageSystemAttributeNames: [...RECEIVED_SYSTEM_ATTRIBUTES],
}

/**
 * Reads one message of an SQS queue; one that something other than Leveret put there reads as published to the default
 * exchange.
 *
 * Throws `UnknownEnvelopeError` for what this version cannot read, and `ClaimCheckError` where the payload cannot be
 * had. Leave such a message in its SQS queue: it comes back by itself. Throws what `readBlob` throws, too.
 */
export async function decode(record: SdkRecord | LambdaRecord, options: DecodeOptions = {}): Promise<ConsumedMessage> {
  const copy = parseReceived('body' in record ? toSdkRecord(record) : record, options.queue ?? '')
  if (isUndecodable(copy)) throw copy.error
  const { message, identity, redelivered, receiveCount } = copy
  const { exchange, routingKey, properties } = message
  return {
    exchange,
    routingKey,
    properties,
    payload: await payloadOf(message, options),
    redelivered,
    deliveryCount: receiveCount,
    ...(identity && { copyId: deduplicationIdOf(identity) }),
  }
}

async function payloadOf(message: DecodedMessage, { readBlob, vhostId }: DecodeOptions): Promise<Uint8Array> {
  if ('payload' in message.body) return message.body.payload
  const { claimCheck } = message.body
  if (readBlob === undefined) {
    throw new ClaimCheckError('missing', `the payload is in the blob '${claimCheck}': pass readBlob to have it read`)
  }
  const claimChecks = new ClaimChecks({ get: readBlob, put: refusePut })
  const { message: whole } = await claimChecks.open(message, vhostId ?? vhostOf(claimCheck))
  return whole.payload
}

const refusePut = (): Promise<never> => Promise.reject(new Error('a consumer writes no blobs'))

/** The vhost that a key names: that it is the key of a payload at all is still checked. */
const vhostOf = (key: string): string => key.split('/')[1] ?? ''

import { randomBytes } from 'node:crypto'
import type { Blobs } from '../journal/blobs.ts'
import { invalid, preconditionFailed } from '../model/errors.ts'
import { type DecodedMessage, type EncodedMessage, type Envelope, encodeClaimCheck, encodeInline } from './envelope.ts'

/** What one SQS message, and one batch of them, may weigh (SQS, quotas of messages). */
export const MAX_SQS_BYTES = 1_048_576

/** Left free beside an encoded message for what differs from copy to copy. */
const COPY_ROOM_BYTES = 2048

/** An encoded message up to this goes into SQS as it is; a larger one's payload becomes a claim check. */
export const MAX_INLINE_BYTES = MAX_SQS_BYTES - COPY_ROOM_BYTES

/** RabbitMQ 4's `max_message_size`. */
export const MAX_PAYLOAD_BYTES = 16 * 1_048_576

/**
 * What exchange, routing key, properties and headers of a publish may weigh together, encoded. AMQP has about the same
 * limit in its frame size; a message must be able to take on `x-death` headers later and still fit.
 */
export const MAX_METADATA_BYTES = 131_072

const KEY_RANDOM_BYTES = 15

/** A claim check that cannot be honoured: it points outside of its queue's vhost, or to nothing. */
export class ClaimCheckError extends Error {
  override readonly name = 'ClaimCheckError'
  readonly problem: 'foreign' | 'missing'

  constructor(problem: ClaimCheckError['problem'], message: string) {
    super(message)
    this.problem = problem
  }
}

export interface EncodeOptions {
  /** Of the queues that the message goes to. */
  readonly vhostId: string
  /** How long a payload may have to be kept: in queues, or longer; the bucket's rules differ. */
  readonly area?: 'live' | 'scheduled'
  /** What the encoded message may weigh before its payload goes to a blob. */
  readonly maxInlineBytes?: number
  /** Larger for what the broker itself sends on: a message that was accepted once is not refused later. */
  readonly maxMetadataBytes?: number
}

/**
 * Payloads that SQS cannot hold, one blob per encoding however many queues it goes to. Blobs are never deleted here: many
 * copies may point at one. They go by age, so whatever sends a message onward encodes it anew.
 */
export class ClaimChecks {
  readonly #blobs: Blobs

  constructor(blobs: Blobs) {
    this.#blobs = blobs
  }

  /**
   * The envelope, encoded for sending, its payload in a blob where it would weigh more than `maxInlineBytes`.
   * Throws `precondition-failed` or `invalid` for what is too large even so.
   */
  async encode(envelope: Envelope, options: EncodeOptions): Promise<EncodedMessage> {
    const { vhostId, area = 'live', maxInlineBytes = MAX_INLINE_BYTES, maxMetadataBytes = MAX_METADATA_BYTES } = options
    const { payload } = envelope.message
    assertPayloadSize(payload)
    const inline = payload.length <= maxInlineBytes ? encodeInline(envelope) : undefined
    if (inline !== undefined && inline.sizeBytes <= maxInlineBytes) {
      assertMetadataSize(inline, maxMetadataBytes)
      return inline
    }
    const key = `${area}/${vhostId}/${randomBytes(KEY_RANDOM_BYTES).toString('base64url')}`
    const pointer = encodeClaimCheck(envelope, key)
    assertMetadataSize(pointer, maxMetadataBytes)
    await this.#blobs.put(key, payload)
    return pointer
  }

  /**
   * The whole message; reads the blob where the payload is in one. `vhostId` is the vhost of the queue that the message
   * was in. Throws {@link ClaimCheckError}: the caller leaves the message where it is.
   */
  async open(decoded: DecodedMessage, vhostId: string): Promise<Envelope> {
    const { body, bccKeys, ...message } = decoded
    const payload = 'payload' in body ? body.payload : await this.#payloadOf(body.claimCheck, vhostId)
    return { message: { ...message, payload }, bccKeys }
  }

  /** Whoever may send to a queue writes pointers at will, so only those into the queue's own vhost are followed. */
  async #payloadOf(key: string, vhostId: string): Promise<Uint8Array> {
    if (!isKeyOfVhost(key, vhostId)) throw new ClaimCheckError('foreign', 'a claim check points outside of its vhost')
    const payload = await this.#blobs.get(key)
    if (payload === undefined) throw new ClaimCheckError('missing', `there is no payload under '${key}'`)
    return payload
  }
}

/** `live/` holds payloads of messages in queues, `scheduled/` those of messages that wait longer. */
function isKeyOfVhost(key: string, vhostId: string): boolean {
  const [area, vhost, name, ...rest] = key.split('/')
  const isArea = area === 'live' || area === 'scheduled'
  return isArea && vhost === vhostId && name !== undefined && /^[A-Za-z0-9_-]+$/.test(name) && rest.length === 0
}

function assertPayloadSize({ length }: Uint8Array): void {
  if (length <= MAX_PAYLOAD_BYTES) return
  throw preconditionFailed(`message size ${length} is larger than configured max size ${MAX_PAYLOAD_BYTES}`)
}

function assertMetadataSize({ attribute = '' }: EncodedMessage, maxBytes: number): void {
  // A UTF-16 unit is at most three bytes, so most need no count.
  if (attribute.length * 3 <= maxBytes || Buffer.byteLength(attribute) <= maxBytes) return
  throw invalid(`properties and headers take more than ${maxBytes} bytes: move content to the payload`)
}

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { CopyIdentity } from './copy.ts'
import type { StoredMessage } from './envelope.ts'

/**
 * What a delivery tag stands for: one receive of one copy, and what a reject needs of it, since SQS cannot fetch a
 * message by its receipt handle (docs/architecture.md).
 */
export interface Delivered {
  readonly receiptHandle: string
  readonly sqsQueueName: string
  /** Until when the copy is hidden from others, milliseconds since 1970. Checking it is the caller's matter. */
  readonly deadlineMs: number
  /** When it was received or a little before, milliseconds since 1970. */
  readonly receivedAtMs: number
  readonly receiveCount: number
  readonly sentAtMs: number
  readonly groupId?: string | undefined
  /** Absent where something other than Leveret sent the message. */
  readonly identity?: CopyIdentity | undefined
  /** As SQS holds it, or as a claim check where that {@link fitsTag | does not fit a tag}. */
  readonly stored: StoredMessage
}

/** What a tag may hold of a message. More is parked as a claim check first. */
export const MAX_TAG_MESSAGE_BYTES = 8192

export const fitsTag = ({ body, attribute = '' }: StoredMessage): boolean =>
  Buffer.byteLength(body) + Buffer.byteLength(attribute) <= MAX_TAG_MESSAGE_BYTES

const VERSION = 1
const SALT_BYTES = 16
const NONCE_BYTES = 12
const SEAL_BYTES = 16
const HEAD_BYTES = 1 + SALT_BYTES + NONCE_BYTES
const KEY_BYTES = 32

/**
 * Seals delivery tags: opaque to clients, good for one queue only. A tag is base64url of
 *
 *     version (1) | salt (16) | nonce (12) | JSON, encrypted | seal (16)
 *
 * under AES-256-GCM, with the version and the queue's id authenticated beside it. Each tag has a key of its own, made of
 * the salt by HMAC-SHA-256: random nonces under one key would be safe for 2^32 tags only (NIST SP 800-38D, 8.3), and the
 * key that is given lives as long as the broker.
 */
export class Tags {
  readonly #key: Uint8Array

  /** `key` is 32 random bytes, the access journal's. */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new RangeError(`the key that seals tags is ${KEY_BYTES} bytes long`)
    this.#key = key
  }

  seal(delivered: Delivered, queueId: string): string {
    const head = Buffer.concat([Buffer.of(VERSION), randomBytes(SALT_BYTES + NONCE_BYTES)])
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(head), nonceOf(head)).setAAD(boundTo(queueId))
    const encrypted = cipher.update(JSON.stringify(delivered), 'utf8')
    return Buffer.concat([head, encrypted, cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** Undefined for everything that was not sealed for this queue with this key: forged, foreign, cut off, garbage. */
  open(tag: string, queueId: string): Delivered | undefined {
    const bytes = Buffer.from(tag, 'base64url')
    // Node reads past characters and bits that base64url does not have; a tag has exactly one spelling.
    if (bytes.length < HEAD_BYTES + SEAL_BYTES || bytes.toString('base64url') !== tag) return undefined
    if (bytes[0] !== VERSION) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(bytes), nonceOf(bytes), { authTagLength: SEAL_BYTES })
    decipher.setAAD(boundTo(queueId)).setAuthTag(bytes.subarray(-SEAL_BYTES))
    const text = decipher.update(bytes.subarray(HEAD_BYTES, -SEAL_BYTES))
    try {
      return JSON.parse(Buffer.concat([text, decipher.final()]).toString('utf8'))
    } catch {
      return undefined
    }
  }

  #keyOf(head: Uint8Array): Buffer {
    return createHmac('sha256', this.#key)
      .update(head.subarray(0, 1 + SALT_BYTES))
      .digest()
  }
}

const nonceOf = (head: Uint8Array): Uint8Array => head.subarray(1 + SALT_BYTES, HEAD_BYTES)

const boundTo = (queueId: string): Buffer => Buffer.concat([Buffer.of(VERSION), Buffer.from(queueId)])

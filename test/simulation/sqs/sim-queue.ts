import type { SimWorld } from '../../support/sim-world.ts'
import { type SentMessage, type SimMessage, type SimReceived, SimSqsError } from './sim-message.ts'

const MAX_VISIBILITY_MS = 43_200_000
const DEDUPLICATION_MS = 300_000
const DEFAULT_VISIBILITY_S = 30
const DEFAULT_RETENTION_S = 345_600
/** A message that a server missed at its deletion comes back within this. */
const GHOST_MS = 60_000

/** How often a standard queue does what it may do, each a probability. */
export interface Looseness {
  /** A receive hands out a message without hiding it, so that it comes twice. */
  readonly duplicates: number
  /** A deleted message comes back. */
  readonly ghosts: number
  /** A deletion by an older handle than the last does nothing: "the message might not be deleted" (SQS, DeleteMessage). */
  readonly staleDeletes: number
  /** A receive that does not wait asks only some hosts, and misses a message. */
  readonly misses: number
  readonly reorders: boolean
}

export const STRICT: Looseness = { duplicates: 0, ghosts: 0, staleDeletes: 0, misses: 0, reorders: false }

interface QueueSettings {
  readonly visibilityS: number
  readonly delayS: number
  readonly retentionMs: number
  readonly redrive: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined
}

/** One SQS queue as SQS describes it: at least once and in any order, or FIFO. */
export class SimQueue {
  readonly name: string
  readonly arn: string
  readonly isFifo: boolean
  attributes: Readonly<Record<string, string>>
  readonly #world: SimWorld
  readonly #looseness: () => Looseness
  readonly #messages = new Map<number, SimMessage>()
  readonly #deduplicated = new Map<string, number>()

  constructor(
    identity: { readonly name: string; readonly arn: string; readonly attributes: Readonly<Record<string, string>> },
    world: SimWorld,
    looseness: () => Looseness,
  ) {
    this.name = identity.name
    this.arn = identity.arn
    this.attributes = identity.attributes
    this.isFifo = identity.name.endsWith('.fifo')
    this.#world = world
    this.#looseness = looseness
  }

  get settings(): QueueSettings {
    const { VisibilityTimeout, DelaySeconds, MessageRetentionPeriod, RedrivePolicy } = this.attributes
    const policy = RedrivePolicy ? JSON.parse(RedrivePolicy) : undefined
    return {
      visibilityS: Number(VisibilityTimeout ?? DEFAULT_VISIBILITY_S),
      delayS: Number(DelaySeconds ?? 0),
      retentionMs: Number(MessageRetentionPeriod ?? DEFAULT_RETENTION_S) * 1000,
      redrive: policy && { ...policy, maxReceiveCount: Number(policy.maxReceiveCount) },
    }
  }

  get messages(): SimMessage[] {
    return [...this.#messages.values()]
  }

  /** Whether a message with this id was sent within the last five minutes, to the group or the queue as the scope says. */
  isDuplicate({ deduplicationId, groupId }: SentMessage, nowMs: number): boolean {
    if (!this.isFifo || deduplicationId === undefined) return false
    const scope = this.attributes.DeduplicationScope === 'messageGroup' ? groupId : ''
    const key = `${scope} ${deduplicationId}`
    if ((this.#deduplicated.get(key) ?? 0) > nowMs) return true
    this.#deduplicated.set(key, nowMs + DEDUPLICATION_MS)
    return false
  }

  add(message: SimMessage): void {
    this.#messages.set(message.serial, message)
  }

  remove(message: SimMessage): void {
    this.#messages.delete(message.serial)
  }

  /** Takes away what has been here for too long. */
  expire(nowMs: number): SimMessage[] {
    const { retentionMs } = this.settings
    const expired = this.messages.filter(({ sentAtMs }) => sentAtMs + retentionMs <= nowMs)
    for (const message of expired) this.remove(message)
    return expired
  }

  /** What a receive of `max` may take now. */
  receivable(max: number, nowMs: number, isFull: boolean): SimMessage[] {
    if (this.isFifo) return this.#groupPrefixes(nowMs).slice(0, max)
    const { misses, reorders } = this.#looseness()
    const visible = this.messages.filter(
      ({ visibleAtMs }) => visibleAtMs <= nowMs && (isFull || !this.#world.chance(misses)),
    )
    return (reorders ? this.#shuffled(visible) : visible).slice(0, max)
  }

  /** A group is closed while any message of it is hidden. */
  #groupPrefixes(nowMs: number): SimMessage[] {
    const closed = new Set<string | undefined>()
    for (const { sent, visibleAtMs } of this.#messages.values()) if (visibleAtMs > nowMs) closed.add(sent.groupId)
    return this.messages.filter(({ sent }) => !closed.has(sent.groupId))
  }

  #shuffled(messages: SimMessage[]): SimMessage[] {
    return messages
      .map((message) => ({ message, place: this.#world.random() }))
      .sort((left, right) => left.place - right.place)
      .map(({ message }) => message)
  }

  take(message: SimMessage, visibilityS: number, nowMs: number): SimReceived {
    const isHidden = this.isFifo || !this.#world.chance(this.#looseness().duplicates)
    message.firstReceivedAtMs ??= nowMs
    message.receiveCount += 1
    message.receipt += 1
    if (isHidden) message.visibleAtMs = nowMs + visibilityS * 1000
    return { message, receiptHandle: `${this.name}/${message.serial}/${message.receipt}` }
  }

  /**
   * Deletes by a receipt handle; what is gone is as good. A FIFO queue takes only the handle of the receive that holds
   * the message. Answers what was deleted. Throws {@link SimSqsError}.
   */
  delete(receiptHandle: string, nowMs: number): SimMessage | undefined {
    const { message, receipt } = this.#find(receiptHandle)
    if (message === undefined) return undefined
    const isHeld = message.receipt === receipt && message.visibleAtMs > nowMs
    if (this.isFifo && !isHeld) throw invalidHandle('The receipt handle has expired.')
    if (message.receipt !== receipt && this.#world.chance(this.#looseness().staleDeletes)) return undefined
    if (!this.isFifo && this.#world.chance(this.#looseness().ghosts)) {
      message.visibleAtMs = nowMs + Math.floor(this.#world.between(0, GHOST_MS))
    } else {
      this.remove(message)
    }
    message.isDeleted = true
    return message
  }

  changeVisibility(receiptHandle: string, visibilityS: number, nowMs: number): SimMessage {
    const { message, receipt } = this.#find(receiptHandle)
    if (message === undefined) {
      throw invalidHandle('Message does not exist or is not available for visibility timeout change.')
    }
    if (message.receipt !== receipt || message.visibleAtMs <= nowMs) {
      throw new SimSqsError('MessageNotInflight', 'The specified message is not in flight.')
    }
    message.visibleAtMs = nowMs + Math.min(visibilityS * 1000, MAX_VISIBILITY_MS)
    return message
  }

  #find(receiptHandle: string): { message: SimMessage | undefined; receipt: number } {
    const [name, serial, receipt] = receiptHandle.split('/')
    if (name !== this.name) throw new SimSqsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.')
    return { message: this.#messages.get(Number(serial)), receipt: Number(receipt) }
  }

  /** Visible, in flight, delayed. */
  counts(nowMs: number): readonly [number, number, number] {
    const hidden = this.messages.filter(({ visibleAtMs }) => visibleAtMs > nowMs)
    const inFlight = hidden.filter(({ receiveCount }) => receiveCount > 0).length
    return [this.#messages.size - hidden.length, inFlight, hidden.length - inFlight]
  }

  /** When something may become receivable by itself; undefined where nothing is hidden. */
  nextVisibleAtMs(nowMs: number): number | undefined {
    let next: number | undefined
    for (const { visibleAtMs } of this.#messages.values()) {
      if (visibleAtMs > nowMs && (next === undefined || visibleAtMs < next)) next = visibleAtMs
    }
    return next
  }
}

const invalidHandle = (reason: string): SimSqsError =>
  new SimSqsError('InvalidParameterValue', `Value for parameter ReceiptHandle is invalid. Reason: ${reason}`)

import type { SimWorld } from '../../support/sim-world.ts'
import { currentOperation, type Operation } from '../operation.ts'
import { missingQueue, type SentMessage, type SimMessage, type SimReceived, SimSqsError } from './sim-message.ts'
import { type Looseness, SimQueue } from './sim-queue.ts'

/** When the simulated time is 0, milliseconds since 1970. */
export const EPOCH_MS = 1_700_000_000_000
const NAME_BLOCKED_MS = 60_000

/** Told of everything that happens, when it happens, and on whose behalf. */
export interface SqsObserver {
  arrived(queue: SimQueue, message: SimMessage, by: Operation | undefined): void
  received(queue: SimQueue, received: SimReceived, by: Operation | undefined): void
  hidden(queue: SimQueue, message: SimMessage, by: Operation | undefined): void
  deleted(queue: SimQueue, message: SimMessage, by: Operation | undefined): void
  queueDeleted(queue: SimQueue, by: Operation | undefined): void
}

/** The SQS queues of one account. Every method happens at once; the network (sqs-link.ts) takes the time. */
export class SimSqs {
  readonly #world: SimWorld
  readonly #arnBase: string
  readonly #looseness: () => Looseness
  readonly #observer: SqsObserver
  readonly #queues = new Map<string, SimQueue>()
  readonly #deletedAtMs = new Map<string, number>()
  readonly #waiters = new Map<string, Set<() => void>>()
  #serial = 0

  constructor(world: SimWorld, arnBase: string, looseness: () => Looseness, observer: SqsObserver) {
    this.#world = world
    this.#arnBase = arnBase
    this.#looseness = looseness
    this.#observer = observer
  }

  get nowMs(): number {
    return EPOCH_MS + Math.floor(this.#world.nowMs)
  }

  get queues(): SimQueue[] {
    return [...this.#queues.values()]
  }

  find(name: string): SimQueue | undefined {
    return this.#queues.get(name)
  }

  /** Throws {@link SimSqsError}. */
  require(name: string): SimQueue {
    const queue = this.#queues.get(name)
    if (queue === undefined) throw missingQueue()
    return queue
  }

  create(name: string, attributes: Readonly<Record<string, string>>): void {
    const existing = this.#queues.get(name)
    if (existing) {
      const differs = Object.entries(attributes).some(([key, value]) => existing.attributes[key] !== value)
      if (differs) throw new SimSqsError('QueueNameExists', 'A queue already exists with the same name.')
      return
    }
    if ((this.#deletedAtMs.get(name) ?? Number.NEGATIVE_INFINITY) + NAME_BLOCKED_MS > this.nowMs) {
      throw new SimSqsError('QueueDeletedRecently', 'You must wait 60 seconds after deleting a queue.')
    }
    const identity = { name, arn: `${this.#arnBase}${name}`, attributes }
    this.#queues.set(name, new SimQueue(identity, this.#world, this.#looseness))
  }

  setAttributes(name: string, attributes: Readonly<Record<string, string>>): void {
    const queue = this.require(name)
    queue.attributes = { ...queue.attributes, ...attributes }
  }

  delete(name: string): void {
    const queue = this.require(name)
    this.#queues.delete(name)
    this.#deletedAtMs.set(name, this.nowMs)
    for (const message of queue.messages) message.isDeleted = true
    this.#observer.queueDeleted(queue, currentOperation())
    this.#wake(name)
  }

  send(name: string, sent: SentMessage): void {
    const queue = this.require(name)
    if (queue.isDuplicate(sent, this.nowMs)) return
    const delayS = sent.delayS ?? queue.settings.delayS
    this.#add(queue, { sent, sentAtMs: this.nowMs, visibleAtMs: this.nowMs + delayS * 1000 })
  }

  #add(
    queue: SimQueue,
    given: Pick<SimMessage, 'sent' | 'sentAtMs' | 'visibleAtMs'> & Partial<SimMessage>,
    by = currentOperation(),
  ): void {
    this.#serial += 1
    const message: SimMessage = {
      serial: this.#serial,
      messageId: `message-${this.#serial}`,
      sourceArn: undefined,
      priorReceiveCount: 0,
      firstReceivedAtMs: undefined,
      receiveCount: 0,
      receipt: 0,
      isDeleted: false,
      ...given,
    }
    queue.add(message)
    this.#observer.arrived(queue, message, by)
    this.#wake(queue.name)
  }

  /** Receives up to `max`; what was received too often moves to the dead-letter queue instead. */
  receive(name: string, options: { max: number; visibilityS?: number | undefined; isFull: boolean }): SimReceived[] {
    const queue = this.require(name)
    const nowMs = this.nowMs
    queue.expire(nowMs)
    const { redrive, visibilityS } = queue.settings
    const target = redrive && this.queues.find(({ arn }) => arn === redrive.deadLetterTargetArn)
    const received: SimReceived[] = []
    for (const message of queue.receivable(options.max, nowMs, options.isFull)) {
      if (target && redrive && message.receiveCount >= redrive.maxReceiveCount) this.#redrive(queue, target, message)
      else received.push(queue.take(message, options.visibilityS ?? visibilityS, nowMs))
    }
    for (const one of received) this.#observer.received(queue, one, currentOperation())
    return received
  }

  /** The message keeps its id and its age, and tells where it came from. */
  #redrive(source: SimQueue, target: SimQueue, message: SimMessage): void {
    source.remove(message)
    message.isDeleted = true
    this.#add(target, {
      messageId: message.messageId,
      sent: message.sent,
      sentAtMs: message.sentAtMs,
      visibleAtMs: this.nowMs,
      firstReceivedAtMs: message.firstReceivedAtMs,
      sourceArn: source.arn,
      priorReceiveCount: message.priorReceiveCount + message.receiveCount,
    })
  }

  deleteMessage(name: string, receiptHandle: string): void {
    const queue = this.require(name)
    const message = queue.delete(receiptHandle, this.nowMs)
    if (message !== undefined) this.#observer.deleted(queue, message, currentOperation())
    this.#wake(name)
  }

  changeVisibility(name: string, receiptHandle: string, visibilityS: number): void {
    const queue = this.require(name)
    const message = queue.changeVisibility(receiptHandle, visibilityS, this.nowMs)
    this.#observer.hidden(queue, message, currentOperation())
    this.#wake(name)
  }

  /**
   * Calls `attempt` now and whenever something may have become receivable, until it answers true or `waitMs` have passed;
   * then `giveUp`. Nothing happens meanwhile, so an endless wait does not keep the world going.
   */
  wait(name: string, waitMs: number, attempt: () => boolean, giveUp: () => void): void {
    if (attempt()) return
    const waiters = this.#waiters.get(name) ?? new Set()
    this.#waiters.set(name, waiters)
    let isOver = false
    let armedForMs = Number.POSITIVE_INFINITY
    const stop = () => {
      isOver = true
      waiters.delete(look)
    }
    const look = () => {
      if (isOver) return
      if (armedForMs <= this.nowMs) armedForMs = Number.POSITIVE_INFINITY
      if (attempt()) stop()
      else lookLater()
    }
    const lookLater = () => {
      const nextMs = this.#queues.get(name)?.nextVisibleAtMs(this.nowMs) ?? Number.POSITIVE_INFINITY
      if (nextMs >= armedForMs) return
      armedForMs = nextMs
      this.#world.after(nextMs - this.nowMs, look)
    }
    waiters.add(look)
    lookLater()
    if (waitMs === Number.POSITIVE_INFINITY) return
    this.#world.after(waitMs, () => {
      if (isOver) return
      stop()
      giveUp()
    })
  }

  #wake(name: string): void {
    for (const look of [...(this.#waiters.get(name) ?? [])]) this.#world.after(0, look)
  }
}

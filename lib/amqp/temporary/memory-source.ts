import type { DeadCopy } from '../../broker/dead-copy.ts'
import type { DeliveryKind } from '../../broker/statistics.ts'
import type { DeathReason } from '../../model/death.ts'
import type { Message } from '../../model/message.ts'
import type { Delivery, Demand, Settlement, Source } from '../consuming/source.ts'
import { type Aged, ReadyList } from './ready-list.ts'

/** How a queue in memory is declared. */
export interface MemorySettings {
  /** Messages that are ready at most. */
  readonly maxLength?: number | undefined
  readonly maxLengthBytes?: number | undefined
  /** Whether a full queue keeps what it has, instead of dropping its oldest. */
  readonly keepsOldest: boolean
  /** Priorities beyond it count as it; 0 for a queue without. */
  readonly maxPriority: number
}

export interface MemorySourceOptions {
  readonly settings: () => MemorySettings
  readonly demand: Demand
  /** By the wall clock, which expiry is reckoned by. */
  readonly nowMs: () => number
  /** For the statistics. */
  readonly onDelivered: (kind: DeliveryKind, deliveries: readonly Delivery[]) => void
  readonly onAcknowledged: (count: number) => void
  /** What becomes of messages that die here; never rejects. */
  readonly bury: (copies: readonly DeadCopy[], reason: DeathReason) => Promise<unknown>
}

/** Payloads of one queue at most, bytes: beyond it the oldest go, whatever is declared. */
export const MAX_QUEUE_BYTES = 67_108_864

class MemoryDelivery implements Delivery, Aged {
  readonly copy: DeadCopy
  readonly priority: number
  readonly sequence: number
  deliveryCount = 1

  constructor(copy: DeadCopy, priority: number, sequence: number) {
    this.copy = copy
    this.priority = priority
    this.sequence = sequence
  }

  get message(): Message {
    return this.copy.envelope.message
  }

  get redelivered(): boolean {
    return this.deliveryCount > 1
  }

  get sizeBytes(): number {
    return this.message.payload.length
  }

  get expiresAtMs(): number {
    return this.copy.identity?.expiresAtMs ?? Number.POSITIVE_INFINITY
  }
}

/** `setTimeout` takes no longer ones. */
const MAX_TIMER_MS = 2_147_483_647

/**
 * The messages of an exclusive queue: they live in this process and go with it, as in RabbitMQ with the connection. What
 * goes back takes its old place; lengths, expiry and priorities are exact.
 */
export class MemorySource implements Source {
  readonly #options: MemorySourceOptions
  readonly #ready = new ReadyList<MemoryDelivery>()
  readonly #held = new Set<MemoryDelivery>()
  #readyBytes = 0
  #sequence = 0
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #isStopped = false

  constructor(options: MemorySourceOptions) {
    this.#options = options
  }

  get readyCount(): number {
    this.#expire()
    return this.#ready.size
  }

  get heldCount(): number {
    return this.#held.size
  }

  /** A message has come for the queue. */
  accept(copy: DeadCopy): void {
    if (this.#isStopped) return
    const { maxPriority } = this.#options.settings()
    this.#sequence += 1
    const priority = Math.min(copy.envelope.message.properties.priority ?? 0, maxPriority)
    this.#add(new MemoryDelivery(copy, priority, this.#sequence))
    this.#makeRoom()
    this.wake()
  }

  wake(): void {
    if (this.#isStopped) return
    this.#expire()
    const { demand } = this.#options
    const taken: MemoryDelivery[] = []
    for (let wanted = Math.min(demand.wanted(), this.#ready.size); wanted > 0; wanted -= 1) {
      const delivery = this.#takeNext()
      if (delivery !== undefined) taken.push(delivery)
    }
    if (taken.length === 0) return
    this.#options.onDelivered(demand.kind, taken)
    demand.take(taken)
  }

  async get(kind: 'get' | 'get_no_ack'): ReturnType<Source['get']> {
    this.#expire()
    const delivery = this.#takeNext()
    if (delivery) this.#options.onDelivered(kind, [delivery])
    return delivery && { delivery, readyLeft: this.#ready.size }
  }

  /** Removes all that is ready; answers how many that were. */
  purge(): number {
    this.#expire()
    return this.#remove(() => true).length
  }

  async settle(deliveries: readonly MemoryDelivery[], settlement: Settlement): Promise<readonly boolean[]> {
    const settled = deliveries.map((delivery) => this.#held.delete(delivery))
    const held = deliveries.filter((_, index) => settled[index])
    if (settlement === 'ack') this.#options.onAcknowledged(held.length)
    if (settlement === 'requeue' || settlement === 'release') this.#putBack(held)
    if (settlement === 'reject') await this.#bury(held, 'rejected')
    return settled
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#remove(() => true)
    this.#held.clear()
  }

  #add(delivery: MemoryDelivery): void {
    this.#ready.add(delivery)
    this.#readyBytes += delivery.sizeBytes
    this.#expireAt(delivery.expiresAtMs)
  }

  #putBack(deliveries: readonly MemoryDelivery[]): void {
    if (this.#isStopped) return
    for (const delivery of deliveries) {
      delivery.deliveryCount += 1
      this.#add(delivery)
    }
    this.#makeRoom()
    this.wake()
  }

  #takeNext(): MemoryDelivery | undefined {
    const delivery = this.#ready.shift()
    if (delivery === undefined) return undefined
    this.#readyBytes -= delivery.sizeBytes
    this.#held.add(delivery)
    return delivery
  }

  #remove(isRemoved: (delivery: MemoryDelivery) => boolean): readonly MemoryDelivery[] {
    const removed = this.#ready.removeWhere(isRemoved)
    for (const { sizeBytes } of removed) this.#readyBytes -= sizeBytes
    return removed
  }

  #makeRoom(): void {
    const { maxLength, maxLengthBytes, keepsOldest } = this.#options.settings()
    const maxBytes = Math.min(maxLengthBytes ?? MAX_QUEUE_BYTES, MAX_QUEUE_BYTES)
    const dropped: MemoryDelivery[] = []
    while (this.#ready.size > (maxLength ?? Number.POSITIVE_INFINITY) || this.#readyBytes > maxBytes) {
      const newest = this.#sequence
      const [delivery] = keepsOldest ? this.#remove(({ sequence }) => sequence === newest) : []
      const going = delivery ?? this.#ready.drop()
      if (going === undefined) break
      if (delivery === undefined) this.#readyBytes -= going.sizeBytes
      dropped.push(going)
    }
    void this.#bury(dropped, 'maxlen')
  }

  #expire(): void {
    const nowMs = this.#options.nowMs()
    if (nowMs < this.#timerAtMs) return
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const expired = this.#remove(({ expiresAtMs }) => expiresAtMs <= nowMs)
    let nextMs = Number.POSITIVE_INFINITY
    for (const { expiresAtMs } of this.#ready) nextMs = Math.min(nextMs, expiresAtMs)
    this.#expireAt(nextMs)
    void this.#bury(expired, 'expired')
  }

  /** Looks again then, if not earlier. */
  #expireAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return
    this.#timerAtMs = atMs
    clearTimeout(this.#timer)
    const afterMs = Math.min(Math.max(0, atMs - this.#options.nowMs()), MAX_TIMER_MS)
    this.#timer = setTimeout(() => this.#expire(), afterMs)
    this.#timer.unref()
  }

  async #bury(deliveries: readonly MemoryDelivery[], reason: DeathReason): Promise<void> {
    if (deliveries.length === 0) return
    await this.#options.bury(
      deliveries.map(({ copy }) => copy),
      reason,
    )
  }
}

import { assertMayConsumeFrom } from '../../../lib/broker/consuming.ts'
import {
  type DeliverySettlement,
  extendDeliveries,
  type QueueDelivery,
  receiveDeliveries,
  settleDeliveries,
} from '../../../lib/broker/receive-deliveries.ts'
import type { VhostSession } from '../../../lib/broker/session.ts'
import { MissingQueueError } from '../../../lib/delivery/sqs-errors.ts'
import type { Queue } from '../../../lib/model/queue.ts'
import { copyOf, keyOf, traceIn } from '../copies.ts'
import type { Environment } from '../environment.ts'
import { type SimMessage, type SimReceived, SimSqsError } from '../sqs/sim-message.ts'
import type { SimQueue } from '../sqs/sim-queue.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'

export interface ConsumeRequest {
  readonly queue: string
  readonly max: number
  readonly waitS: number
  readonly visibilityS: number
  /** What becomes of each delivery, in turns. */
  readonly actions: readonly DeliverySettlement['action'][]
  /** How long they are kept before that, s, and whether they are extended for it. */
  readonly heldS: number
  readonly isExtended: boolean
}

interface Held {
  readonly delivery: QueueDelivery
  readonly action: DeliverySettlement['action']
  readonly message: SimMessage
  readonly receipt: number
}

/** What a gateway does for a consumer: it receives, keeps for a while, and settles, with nothing but what is in memory. */
export class Consume implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #request: ConsumeRequest
  readonly #received: (SimReceived & { readonly receipt: number; readonly atMs: number })[] = []
  readonly #actions = new Map<SimMessage, Set<DeliverySettlement['action']>>()

  constructor(stage: Stage, request: ConsumeRequest) {
    this.#stage = stage
    this.#request = request
    this.promised = stage.witness.promised
    const { queue, max, actions, heldS, isExtended } = request
    this.name = `consume ${max} from ${queue}, ${actions} after ${heldS} s${isExtended ? ', extended' : ''}`
  }

  received(_queue: SimQueue, received: SimReceived): void {
    const { receipt } = received.message
    this.#received.push({ ...received, receipt, atMs: this.#stage.sqs.nowMs })
  }

  hidden(queue: SimQueue, message: SimMessage): void {
    const isOwn = this.#received.some((received) => received.message === message)
    if (!isOwn) this.#stage.witness.fail(`${this.name} changed ${copyOf(message).label} in ${queue.name}`)
  }

  deleted(queue: SimQueue, message: SimMessage): void {
    const { witness } = this.#stage
    const actions = this.#actions.get(message)
    const isTaken = actions?.has('ack') || actions?.has('discard')
    const declared = witness.history.queueOf(queue.name)
    if (isTaken) return
    if (!actions?.has('reject')) witness.fail(`${this.name} deleted ${copyOf(message).label} from ${queue.name}`)
    else if (declared) witness.passedOn(this, declared, message, 'rejected')
  }

  async run(environment: Environment): Promise<string> {
    const { witness, vhost } = this.#stage
    const { queue: name } = this.#request
    try {
      const session = await environment.session(vhost)
      const queue = assertMayConsumeFrom(session, name)
      const deliveries = await receiveDeliveries(session, queue, this.#request)
      const held = deliveries.map((delivery, index) => this.#hold(delivery, index))
      this.#checkOrder(held)
      await this.#keep(environment, session, queue, held)
      const settled = await environment.session(vhost)
      return await this.#settle(settled, queue, held)
    } catch (error) {
      // What SQS refuses or does not do, the gateway tries again.
      if (error instanceof MissingQueueError || error instanceof SimSqsError) return `failed: ${error.message}`
      const refusal = refusalOf(error, 'not-found')
      const isAbsent = () => witness.history.find(this.promised, (state) => !state.queueByName(name))
      if (refusal.kind === 'not-found' && isAbsent() === undefined) witness.fail(`${this.name} did not find the queue`)
      return inWords(refusal)
    }
  }

  #hold(delivery: QueueDelivery, index: number): Held {
    const { witness } = this.#stage
    const { actions } = this.#request
    const found = this.#received.find(({ receiptHandle }) => receiptHandle === delivery.receiptHandle)
    if (!found) throw new Error(`${this.name} delivers what it did not receive`)
    const copy = copyOf(found.message)
    if (keyOf(traceIn(delivery.message)) !== keyOf(copy))
      witness.fail(`${this.name} delivers ${keyOf(copy)} as another`)
    if (witness.hasExpired(copy, found.atMs - 2 * witness.toleranceMs)) {
      witness.fail(`${this.name} delivers ${keyOf(copy)}, which has expired`)
    }
    const isRedelivered = delivery.deliveryCount > 1
    if (delivery.deliveryCount < 1 || delivery.redelivered !== isRedelivered) {
      witness.fail(`${this.name} delivers ${keyOf(copy)} with a count that is not its own`)
    }
    const action = actions[index % actions.length] ?? 'ack'
    const wanted = this.#actions.get(found.message) ?? new Set()
    this.#actions.set(found.message, wanted.add(action))
    return { delivery, action, message: found.message, receipt: found.receipt }
  }

  /** In each group in the order of arrival. */
  #checkOrder(held: readonly Held[]): void {
    for (const [index, { message }] of held.entries()) {
      const { groupId } = message.sent
      const later = held.slice(index + 1).filter((other) => other.message.sent.groupId === groupId)
      if (groupId !== undefined && later.some((other) => other.message.serial < message.serial)) {
        this.#stage.witness.fail(`${this.name} delivers ${copyOf(message).label} before what came earlier`)
      }
    }
  }

  async #keep(environment: Environment, session: VhostSession, queue: Queue, held: readonly Held[]): Promise<void> {
    const { sqs, witness } = this.#stage
    const { heldS, isExtended } = this.#request
    if (held.length === 0 || heldS === 0) return
    if (isExtended) {
      const startMs = sqs.nowMs
      const deliveries = held.map(({ delivery }) => delivery)
      const failures = await extendDeliveries(session, queue, deliveries, 2 * heldS)
      for (const [index, one] of held.entries()) {
        if (failures[index] || !this.#isStillHeld(one)) continue
        if (one.message.visibleAtMs < startMs + 2 * heldS * 1000) witness.fail(`${this.name}: an extension ends early`)
      }
    }
    await environment.process.sleep(heldS * 1000)
  }

  async #settle(session: VhostSession, queue: Queue, held: readonly Held[]): Promise<string> {
    const { sqs, witness } = this.#stage
    const failures = await settleDeliveries(session, queue, held)
    const words = held.map((one, index) => {
      const { action, message } = one
      const failure = failures[index]
      if (failure) return refusalOf(failure, 'precondition-failed').kind
      if (!this.#isStillHeld(one)) return 'ok'
      const isGoing = action === 'ack' || action === 'discard' || action === 'reject'
      const { label } = copyOf(message)
      if (isGoing) witness.fail(`${this.name}: ${label} is settled and still there`)
      // The retries of `u` are later.
      else if (action === 'release' && message.visibleAtMs > sqs.nowMs)
        witness.fail(`${this.name}: ${label} stays away`)
      return 'ok'
    })
    return `[${held.map(({ message }, index) => `${copyOf(message).label} ${words[index]}`)}]`
  }

  /** Whether nobody has received or deleted it since. */
  #isStillHeld = ({ message, receipt }: Held): boolean => !message.isDeleted && message.receipt === receipt
}

import { type Settlement, settle } from '../../../lib/broker/settle.ts'
import { copyOf } from '../copies.ts'
import type { Environment } from '../environment.ts'
import type { SimMessage } from '../sqs/sim-message.ts'
import type { SimQueue } from '../sqs/sim-queue.ts'
import { type ClientOperation, type Delivery, inWords, refusalOf, type Stage } from '../stage.ts'

/** What a client does with one tag. `isGood`: the tag is its queue's own; whether it is late is found out. */
export interface SettleRequest {
  readonly delivery: Delivery
  readonly tag: string
  readonly isGood: boolean
  readonly action: Settlement['action']
  readonly requeue: boolean
  /** Of what goes back, or is extended. */
  readonly seconds: number
}

export class Settle implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #queue: string
  readonly #requests: readonly SettleRequest[]
  readonly #startMs: number
  /** Both environments' clocks may be wrong: the one's that got the message, and the one's that settles it. */
  readonly #hopelessMs: number

  constructor(stage: Stage, queue: string, requests: readonly SettleRequest[]) {
    this.#stage = stage
    this.#queue = queue
    this.#requests = requests
    this.promised = stage.witness.promised
    this.#startMs = stage.sqs.nowMs
    this.#hopelessMs = this.#startMs - stage.witness.toleranceMs
    this.name = `settle ${requests.map((request) => this.#describe(request))} of ${queue}`
  }

  #describe(request: SettleRequest): string {
    const { delivery, action, requeue, seconds } = request
    const how =
      action === 'ack' ? '' : action === 'extend' ? ` ${seconds} s` : requeue ? ` in ${seconds} s` : ' for good'
    const bad = this.#isBad(request) ? ' (bad tag)' : ''
    return `${copyOf(delivery.message).label} ${action}${how}${bad}`
  }

  #isBad({ isGood, delivery }: SettleRequest): boolean {
    return !isGood || delivery.deadlineMs < this.#hopelessMs
  }

  hidden(queue: SimQueue, message: SimMessage): void {
    if (this.#requestsFor(message).length === 0) {
      this.#stage.witness.fail(`${this.name} changed ${copyOf(message).label} in ${queue.name}`)
    }
  }

  deleted(queue: SimQueue, message: SimMessage): void {
    const { witness } = this.#stage
    const goings = this.#requestsFor(message).filter(({ action, requeue }) => action === 'ack' || !requeue)
    const declared = witness.history.queueOf(queue.name)
    if (goings.length === 0) witness.fail(`${this.name} deleted ${copyOf(message).label} from ${queue.name}`)
    else if (declared && goings.every(({ action }) => action !== 'ack')) {
      witness.passedOn(this, declared, message, 'rejected')
    }
  }

  /** More than one where SQS has handed a message out twice. */
  #requestsFor(message: SimMessage): readonly SettleRequest[] {
    return this.#requests.filter((request) => request.delivery.message === message && !this.#isBad(request))
  }

  async run(environment: Environment): Promise<string> {
    const { witness } = this.#stage
    const settlements = this.#requests.map(
      ({ tag, action, requeue, seconds }): Settlement => ({
        deliveryTag: tag,
        action,
        requeue,
        ...(action === 'extend' ? { visibilityS: seconds } : { delayS: seconds }),
      }),
    )
    try {
      const session = await environment.session(this.#stage.vhost)
      const declared = session.vhost.queueByName(this.#queue)
      const outcomes = await settle(session, this.#queue, settlements)
      if (declared) witness.unused.used(declared.id, this.#startMs)
      return `[${outcomes.map((outcome, index) => {
        const request = this.#requests[index]
        if (request === undefined) throw new Error('more outcomes than settlements')
        if (!outcome.ok) return refusalOf(outcome.error, 'invalid', 'precondition-failed').kind
        this.#check(request, outcome.newDeliveryTag)
        return 'ok'
      })}]`
    } catch (error) {
      const refusal = refusalOf(error, 'not-found')
      const isAbsent = () => witness.history.find(this.promised, (state) => !state.queueByName(this.#queue))
      if (refusal.kind === 'not-found' && isAbsent() === undefined) witness.fail(`${this.name} did not find the queue`)
      return inWords(refusal)
    }
  }

  /** What an answer of success says is so, unless somebody has received the message meanwhile. */
  #check(request: SettleRequest, newTag: string | undefined): void {
    const { sqs, witness, deliveries } = this.#stage
    const { delivery, action, requeue, seconds } = request
    const { message, receipt } = delivery
    const { label } = copyOf(message)
    if (this.#isBad(request)) witness.fail(`${this.name}: ${label} was settled by a bad tag`)
    const untilMs = this.#startMs + seconds * 1000
    const deadlineMs = sqs.nowMs + seconds * 1000
    if (action === 'extend' && newTag !== undefined) deliveries.push({ ...delivery, tag: newTag, deadlineMs })
    if (message.isDeleted || message.receipt !== receipt) return
    const isGoing = action === 'ack' || (action !== 'extend' && !requeue)
    if (isGoing) witness.fail(`${this.name}: ${label} is settled and still there`)
    else if (message.visibleAtMs < untilMs) witness.fail(`${this.name}: ${label} comes too early`)
    else witness.staysAwayUntil(message, untilMs, this)
  }
}

import type { AckMode, GotMessage } from '../../../lib/broker/get-input.ts'
import { getMessages } from '../../../lib/broker/get-messages.ts'
import type { VhostSession } from '../../../lib/broker/session.ts'
import { tagsOf } from '../../../lib/broker/tags.ts'
import type { Queue } from '../../../lib/model/queue.ts'
import { copyOf, keyOf, traceIn } from '../copies.ts'
import type { Environment } from '../environment.ts'
import { BrokenPromise } from '../promises.ts'
import type { SimMessage, SimReceived } from '../sqs/sim-message.ts'
import type { SimQueue } from '../sqs/sim-queue.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'

export interface GetRequest {
  readonly queue: string
  readonly count: number
  readonly ackMode: AckMode
  readonly waitS: number
  readonly visibilityS: number
}

/** One message that one receive handed out, as it was then. */
interface Seen extends SimReceived {
  readonly key: string
  readonly receipt: number
  readonly deliveryCount: number
  readonly atMs: number
}

/** Sizes of answers, so that some are full before everything that was asked for is in them. */
const WEIGHTS = [200, 200, 200, 1_600_000] as const

export class Get implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #request: GetRequest
  readonly #weight: number
  readonly #received: Seen[] = []
  readonly #deleted = new Set<SimMessage>()
  readonly #startMs: number
  #declared: Queue | undefined

  constructor(stage: Stage, request: GetRequest) {
    this.#stage = stage
    this.#startMs = stage.sqs.nowMs
    this.#request = request
    this.promised = stage.witness.promised
    this.#weight = stage.world.pick(WEIGHTS)
    const { queue, count, ackMode } = request
    this.name = `get ${count} from ${queue}, ${ackMode}`
  }

  received(_queue: SimQueue, received: SimReceived): void {
    const { receipt, receiveCount: deliveryCount } = received.message
    const key = keyOf(copyOf(received.message))
    this.#received.push({ ...received, key, receipt, deliveryCount, atMs: this.#stage.sqs.nowMs })
  }

  hidden(): void {}

  deleted(queue: SimQueue, message: SimMessage): void {
    const { witness } = this.#stage
    const { ackMode } = this.#request
    this.#deleted.add(message)
    const isAsked = ackMode === 'ack_requeue_false' || ackMode === 'reject_requeue_false'
    if (!isAsked) witness.fail(`${this.name} deleted ${copyOf(message).label}`)
    const declared = witness.history.queueOf(queue.name)
    if (ackMode === 'reject_requeue_false' && declared) witness.passedOn(this, declared, message, 'rejected')
  }

  async run(environment: Environment): Promise<string> {
    const { witness } = this.#stage
    try {
      const session = await environment.session(this.#stage.vhost)
      this.#declared = session.vhost.queueByName(this.#request.queue)
      const got = await getMessages(session, { ...this.#request, encodedSizeOf: () => this.#weight })
      if (this.#declared) witness.unused.used(this.#declared.id, this.#startMs)
      const seen = got.map((message) => this.#find(message, session))
      this.#check(seen)
      if (this.#request.ackMode === 'manual') this.#keep(got, seen)
      return `[${got.map(({ message }) => message.properties.message_id)}]`
    } catch (error) {
      const refusal = refusalOf(error, 'not-found')
      const isAbsent = () => witness.history.find(this.promised, (state) => !state.queueByName(this.#request.queue))
      if (refusal.kind === 'not-found' && isAbsent() === undefined) witness.fail(`${this.name} did not find the queue`)
      if (this.#deleted.size > 0)
        witness.fail(`${this.name} was refused and deleted ${[...this.#deleted].map(labelOf)}`)
      return inWords(refusal)
    }
  }

  /** What SQS handed out of which the answer is. Everything is in the answer as it was published. */
  #find(got: GotMessage, session: VhostSession): Seen {
    const { message, deliveryCount, redelivered } = got
    const { label, deaths } = traceIn(message)
    const key = keyOf({ label, deaths })
    const handle = got.deliveryTag && tagsOf(session).open(got.deliveryTag, this.#declared?.id ?? '')?.receiptHandle
    const found = this.#received.find((seen) =>
      handle === undefined ? seen.key === key && seen.deliveryCount === deliveryCount : seen.receiptHandle === handle,
    )
    if (found?.key !== key) throw new BrokenPromise(`${this.name} answers ${key}, which it did not receive`)
    const copy = copyOf(found.message)
    const isOver = this.#stage.witness.hasExpired(copy, found.atMs - 2 * this.#stage.witness.toleranceMs)
    if (isOver) this.#stage.witness.fail(`${this.name} answers ${key}, which has expired`)
    this.#received.splice(this.#received.indexOf(found), 1)
    const text = Buffer.from(message.payload).toString()
    const isWhole = text.startsWith(label.slice(0, text.length))
    if (!isWhole || deliveryCount < 1 || redelivered !== deliveryCount > 1) {
      this.#stage.witness.fail(`${this.name} answers ${key} with a payload or a count that is not its own`)
    }
    return found
  }

  #check(answered: readonly Seen[]): void {
    const keys = answered.map(({ key }) => key)
    for (const message of this.#deleted) {
      const place = keys.indexOf(keyOf(copyOf(message)))
      if (place < 0) this.#stage.witness.fail(`${this.name} deleted ${labelOf(message)}, which it did not answer`)
      else keys.splice(place, 1)
    }
    if (answered.some(({ message }) => message.sent.groupId !== undefined)) this.#checkOrder(answered)
  }

  /** In each group in the order of arrival, and nothing that came with it is passed over. */
  #checkOrder(answered: readonly Seen[]): void {
    const { witness } = this.#stage
    const messages = new Set(answered.map(({ message }) => message))
    for (const [index, { message, atMs }] of answered.entries()) {
      // What cannot be passed on goes back and is rejected another time, though what came behind it has gone.
      const received = this.#request.ackMode === 'reject_requeue_false' ? [] : this.#received
      const isLeft = (seen: Seen) => !messages.has(seen.message) && !witness.hasExpired(copyOf(seen.message), seen.atMs)
      const passedOver = received.filter((seen) => seen.atMs === atMs && isLeft(seen))
      const behind = [...answered.slice(index + 1), ...passedOver].filter(
        (seen) => seen.message.sent.groupId === message.sent.groupId && seen.message.serial < message.serial,
      )
      if (behind.length > 0) {
        this.#stage.witness.fail(`${this.name} answers ${labelOf(message)} before ${behind.map(({ key }) => key)}`)
      }
    }
  }

  #keep(got: readonly GotMessage[], seen: readonly Seen[]): void {
    const { queue } = this.#request
    for (const [index, { message, receipt, atMs }] of seen.entries()) {
      const deadlineMs = atMs + this.#request.visibilityS * 1000
      const tag = got[index]?.deliveryTag
      if (tag === undefined || this.#declared === undefined) throw new Error('a manual get answered no tag')
      this.#stage.deliveries.push({ queue, queueId: this.#declared.id, tag, message, receipt, deadlineMs })
    }
  }
}

const labelOf = (message: SimMessage): string => copyOf(message).label

import { COPY_ATTRIBUTE } from '../../lib/delivery/copy.ts'
import { DEATH_ATTRIBUTE, parseDeathNote } from '../../lib/delivery/death-note.ts'
import type { Queue } from '../../lib/model/queue.ts'
import type { VhostState } from '../../lib/topology/vhost/state.ts'
import type { SimWorld } from '../support/sim-world.ts'
import { type Copy, copyOf, type Death, endsInCycle, keyOf, type Trace, withDeath } from './copies.ts'
import { Ledger, type LeftDead } from './ledger.ts'
import type { Operation } from './operation.ts'
import { BrokenPromise, type KnownQueues, type Publication } from './promises.ts'
import type { SimMessage, SimReceived } from './sqs/sim-message.ts'
import type { SimQueue } from './sqs/sim-queue.ts'
import { EPOCH_MS, type SqsObserver } from './sqs/sim-sqs.ts'
import type { TopologyHistory } from './topology-history.ts'

/** Sees everything that happens at SQS and everything that is answered to anybody, and says when the two do not agree. */
export class Witness implements SqsObserver {
  /** The version of the vhost that every request from now on is promised. */
  promised = 0
  /** How far apart two clocks may be, ms. */
  readonly toleranceMs: number
  readonly ledger = new Ledger()
  readonly counts = {
    copies: 0,
    relayed: 0,
    deadLettered: 0,
    overLimit: 0,
    kept: 0,
    expired: 0,
    longestCycle: 0,
    redelivered: 0,
  }
  readonly #world: SimWorld
  readonly #known: KnownQueues
  #history: TopologyHistory | undefined
  readonly #publications = new Map<string, Publication>()
  /** By group of FIFO queues: who received from it, and when last. */
  readonly #receivers = new Map<string, Map<Operation, number>>()
  /** A settlement's promise that a message stays away, until it is received or hidden again. */
  readonly #notBeforeMs = new Map<SimMessage, number>()

  constructor(world: SimWorld, known: KnownQueues, toleranceMs: number) {
    this.#world = world
    this.#known = known
    this.toleranceMs = toleranceMs
  }

  get history(): TopologyHistory {
    if (this.#history === undefined) throw new Error('the vhost does not exist yet')
    return this.#history
  }

  set history(history: TopologyHistory) {
    this.#history = history
  }

  /** Ends the run with this, at once: what happens at SQS must not mistake it for SQS's own refusal. */
  fail(problem: string): void {
    this.#world.after(0, () => {
      throw new BrokenPromise(problem)
    })
  }

  /** A change was answered: `fits` says what a state shows once it is made. Everybody who comes later must see it. */
  changed(operation: Operation, fits: (state: VhostState) => boolean): void {
    const version = this.history.find(operation.promised, fits)
    if (version === undefined) this.fail(`${operation.name} was answered and did not happen`)
    else this.promised = Math.max(this.promised, version)
  }

  publishing(publication: Publication): void {
    this.#publications.set(publication.label, publication)
  }

  /** A publish was answered with `routed`: by one version of the topology, every copy is in its queue or in the relay queue. */
  confirmed({ label, promised, isRepeatable, ...destination }: Publication, routed: boolean): void {
    const reached = isRepeatable ? new Set<string>() : this.ledger.reached(label)
    const fits = this.#anyVersion(promised, (version) => {
      const targets = this.history.targets(version, destination)
      return targets.size > 0 === routed && reached.isSubsetOf(targets) && this.#areDurable(label, targets)
    })
    if (!fits) this.fail(`${label} was confirmed (routed: ${routed}) and has reached [${[...reached]}] only`)
  }

  arrived(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    if (queue.name === this.#known.relay) {
      const { trace, targets } = this.ledger.relayArrived(message)
      this.counts.relayed += 1
      for (const name of targets.keys()) this.#checkArrival(trace, name, by)
    } else if (this.#known.dead.includes(queue.name)) {
      this.#deadArrived(message)
    } else if (message.sent.attributes[COPY_ATTRIBUTE] !== undefined && message.sourceArn === undefined) {
      this.#copyArrived(queue.name, message, by)
    }
  }

  /** By SQS, out of the queue that it says, or by the broker with a note of where and why. */
  #deadArrived(message: SimMessage): void {
    const note = message.sent.attributes[DEATH_ATTRIBUTE]?.StringValue
    const source = this.history.queueOf(message.sourceArn?.split(':').at(-1) ?? '')
    const { queueId, reason } = note ? parseDeathNote(note) : { queueId: source?.id, reason: 'delivery_limit' }
    this.counts.overLimit += note ? 0 : 1
    if (queueId === undefined) this.fail(`${copyOf(message).label} was left dead by nobody`)
    else this.ledger.leftDead(message, { trace: copyOf(message), queueId, reason })
  }

  #copyArrived(sqsQueueName: string, message: SimMessage, by: Operation | undefined): void {
    const copy = copyOf(message)
    const declared = this.history.queueOf(sqsQueueName)
    const keeper = this.history.keeperOf(sqsQueueName)
    if ((declared?.id ?? keeper) !== copy.identity.queueId) this.fail(`${copy.label} is not made for ${sqsQueueName}`)
    this.counts.copies += 1
    this.ledger.arrived(message, copy, sqsQueueName, declared?.name ?? `dead letters of ${keeper}`)
    // What the relay brings was looked at when it was given to it.
    if (!this.ledger.wasRelayed(keyOf(copy), sqsQueueName)) this.#checkArrival(copy, sqsQueueName, by)
  }

  /** Nothing arrives where no version of the topology sends it, nor with a history that it does not have. */
  #checkArrival(trace: Trace, sqsQueueName: string, by: Operation | undefined): void {
    const keeper = this.history.keeperOf(sqsQueueName)
    if (keeper !== undefined) this.#checkKept(trace, sqsQueueName, keeper)
    else if (trace.deaths.length > 0) this.#checkDeadArrival(trace, sqsQueueName, by)
    else {
      const publication = this.#publications.get(trace.label)
      const reached = publication?.isRepeatable ? new Set([sqsQueueName]) : this.ledger.reached(trace.label)
      const isSent = (version: number) =>
        publication !== undefined && reached.isSubsetOf(this.history.targets(version, publication))
      if (this.#anyVersion(publication?.promised ?? 0, isSent)) return
      this.fail(
        `${trace.label} has reached [${[...reached]}], where no version since ${publication?.promised} sends it`,
      )
    }
  }

  /** Only what died in the queue is among its dead letters. */
  #checkKept(trace: Trace, sqsQueueName: string, queueId: string): void {
    const [newest] = trace.deaths
    this.counts.kept += 1
    const isOwn = newest !== undefined && this.history.nameOf(queueId) === newest.queue
    if (isOwn) this.#checkParent(trace, newest, sqsQueueName)
    else this.fail(`${keyOf(trace)} is kept in ${sqsQueueName} and did not die there`)
  }

  #checkDeadArrival(trace: Trace, sqsQueueName: string, by: Operation | undefined): void {
    const [newest] = trace.deaths
    if (newest === undefined) return
    this.counts.deadLettered += 1
    this.counts.longestCycle = Math.max(this.counts.longestCycle, newest.count)
    this.#checkParent(trace, newest, sqsQueueName)
    if (!this.#anyVersion(by?.promised ?? 0, (version) => this.history.targets(version, trace).has(sqsQueueName))) {
      this.fail(
        `${keyOf(trace)} arrived in ${sqsQueueName}, where '${trace.exchange}' '${trace.routingKey}' does not lead`,
      )
    }
  }

  /** There was a copy in the queue of the newest death whose history, and this death, are what it has now. */
  #checkParent(trace: Trace, { queue, reason }: Death, sqsQueueName: string): void {
    const key = keyOf(trace)
    const deathOf = (copy: Copy) => keyOf({ label: trace.label, deaths: withDeath(copy, queue, reason) })
    const parents = this.ledger.copiesIn(trace.label, queue).filter((copy) => deathOf(copy) === key)
    if (parents.length === 0) this.fail(`${key} arrived in ${sqsQueueName}: no copy died so`)
    const isEarly = reason === 'expired' && !parents.some((parent) => this.hasExpired(parent))
    if (isEarly) this.fail(`${key} arrived in ${sqsQueueName} before it expired in '${queue}'`)
  }

  /** Whether somebody's clock may say so. */
  hasExpired({ identity: { expiresAtMs } }: Copy, atMs = this.#nowMs): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= atMs + this.toleranceMs
  }

  received(queue: SimQueue, received: SimReceived, by: Operation | undefined): void {
    const { message } = received
    const notBeforeMs = this.#notBeforeMs.get(message) ?? 0
    this.#notBeforeMs.delete(message)
    if (this.#nowMs < notBeforeMs) this.fail(`a message of ${queue.name} came ${notBeforeMs - this.#nowMs} ms early`)
    if (message.receiveCount > 1) this.counts.redelivered += 1
    const { groupId } = message.sent
    if (groupId !== undefined && by !== undefined) {
      const receivers = this.#receivers.get(groupId) ?? new Map<Operation, number>()
      this.#receivers.set(groupId, receivers.set(by, this.#nowMs))
    }
    by?.received?.(queue, received)
  }

  hidden(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    this.#notBeforeMs.delete(message)
    if (this.history.queueOf(queue.name) === undefined) return
    if (by?.hidden) by.hidden(queue, message)
    else this.fail(`${by?.name} changed the visibility of a message in ${queue.name}`)
  }

  deleted(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    if (queue.name === this.#known.relay) this.#relayDeleted(message)
    else if (this.#known.dead.includes(queue.name)) this.#deadDeleted(message, by)
    else if (this.history.queueOf(queue.name) !== undefined) {
      if (this.#isExpiry(queue, message)) this.counts.expired += 1
      else if (by?.deleted) by.deleted(queue, message)
      else this.fail(`${by?.name} deleted a message of ${queue.name}`)
    }
  }

  /** Whether a copy may go because it has expired: it is passed on, or is to be dropped. */
  #isExpiry(queue: SimQueue, message: SimMessage): boolean {
    const copy = copyOf(message)
    const queueId = this.history.queueOf(queue.name)?.id
    if (queueId === undefined || !this.hasExpired(copy)) return false
    return this.#isPassedOn(0, { trace: copy, queueId, reason: 'expired' })
  }

  /** A fan-out is over when every target has its copy, or is in a later relay message, or was deleted. */
  #relayDeleted(message: SimMessage): void {
    const relayed = this.ledger.relayDeleted(message)
    const { latest } = this.history
    for (const [name, queueId] of relayed?.targets ?? []) {
      if (latest.queueById(queueId) === undefined || relayed === undefined) continue
      const key = keyOf(relayed.trace)
      if (!this.ledger.isDurable(key, name)) this.fail(`the relay forgot ${key} for ${name}`)
    }
  }

  #deadDeleted(message: SimMessage, by: Operation | undefined): void {
    const left = this.ledger.deadDeleted(message)
    if (left && by) this.#passedOn(by, left)
    else if (!by) this.fail(`${copyOf(message).label} was deleted from the dead by nobody`)
  }

  /** An SQS queue may go only when the declared queue has gone, or never was. */
  queueDeleted(queue: SimQueue, by: Operation | undefined): void {
    const declared = this.#ownerOf(queue.name)
    if (declared) this.fail(`${by?.name} deleted ${queue.name}, which is behind '${declared.name}'`)
  }

  /** The declared queue, if it still is, that an SQS queue belongs to. */
  #ownerOf(sqsQueueName: string): Queue | undefined {
    const id = this.history.queueOf(sqsQueueName)?.id ?? this.history.keeperOf(sqsQueueName)
    return id === undefined ? undefined : this.history.latest.queueById(id)
  }

  /** A copy is gone because it died: it must be wherever its queue's dead-letter exchange leads, or be kept. */
  passedOn(operation: Operation, { id: queueId }: Queue, message: SimMessage, reason: string): void {
    this.#passedOn(operation, { trace: copyOf(message), queueId, reason })
  }

  #passedOn(operation: Operation, left: LeftDead): void {
    if (this.ledger.isLeft(left) || this.#isPassedOn(operation.promised, left)) return
    this.fail(`${operation.name} deleted ${keyOf(left.trace)}, which died of '${left.reason}', and did not pass it on`)
  }

  #isPassedOn(promised: number, { trace, queueId, reason }: LeftDead): boolean {
    return this.#anyVersion(promised, (version) => {
      const queue = this.history.at(version).queueById(queueId)
      if (queue === undefined) return version === this.history.version
      const deaths = withDeath(trace, queue.name, reason)
      const targets = this.#deathLeadsTo(version, queue, { ...trace, deaths })
      return targets !== undefined && this.#areDurable(keyOf({ label: trace.label, deaths }), targets)
    })
  }

  /** The SQS queues that a dead message is in afterwards; undefined where it should be kept and there is no place to. */
  #deathLeadsTo(version: number, queue: Queue, { deaths, routingKey }: Trace): ReadonlySet<string> | undefined {
    const state = this.history.at(version)
    const { deadLetterExchange: exchange, deadLetterRoutingKey } = state.settingsOf(queue)
    const isKept = exchange === undefined && deaths[0]?.reason !== 'expired'
    if (isKept) return queue.deadLetters && new Set([queue.deadLetters.name])
    if (exchange === undefined) return new Set()
    const targets = this.history.targets(version, { exchange, routingKey: deadLetterRoutingKey ?? routingKey })
    const isEntered = (name: string) => !endsInCycle(deaths, this.history.queueOf(name)?.name ?? '')
    return new Set([...targets].filter(isEntered))
  }

  /** A settlement was answered by which the message stays away until then, unless another one follows. */
  staysAwayUntil(message: SimMessage, atMs: number): void {
    this.#notBeforeMs.set(message, atMs)
  }

  /** When anybody else last received of a group; of queues whose groups are of one name, of any of them. */
  lastReceiveMs(groupId: string, except: Operation): number {
    const times = Array.from(this.#receivers.get(groupId) ?? [], ([by, atMs]) => (by === except ? 0 : atMs))
    return Math.max(0, ...times)
  }

  get #nowMs(): number {
    return EPOCH_MS + Math.floor(this.#world.nowMs)
  }

  /** In each queue, or on the way there; the relay drops what is on the way to a queue that is deleted meanwhile. */
  #areDurable(key: string, targets: ReadonlySet<string>): boolean {
    const isGone = (name: string) => this.#ownerOf(name) === undefined
    const reached = this.ledger.reached(key)
    return [...targets].every((name) => this.ledger.isDurable(key, name) || (reached.has(name) && isGone(name)))
  }

  /** The newest first: most requests are served from it. */
  #anyVersion(least: number, fits: (version: number) => boolean): boolean {
    for (let { version } = this.history; version >= least; version -= 1) if (fits(version)) return true
    return false
  }
}

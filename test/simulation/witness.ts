import { COPY_ATTRIBUTE } from '../../lib/delivery/copy.ts'
import { DEATH_ATTRIBUTE, parseDeathNote } from '../../lib/delivery/death-note.ts'
import type { Queue } from '../../lib/model/queue.ts'
import type { VhostState } from '../../lib/topology/vhost/state.ts'
import type { SimWorld } from '../support/sim-world.ts'
import { type Copy, copyOf, type Death, endsInCycle, keyOf, type Trace, withDeath } from './copies.ts'
import { DEDUPLICATING, DuplicatesBook } from './duplicates-book.ts'
import { Ledger, type LeftDead } from './ledger.ts'
import type { Operation } from './operation.ts'
import { BrokenPromise, type KnownQueues, type Publication } from './promises.ts'
import { RecentBook } from './recent-book.ts'
import { ScheduledBook } from './scheduled-book.ts'
import type { SimMessage, SimReceived } from './sqs/sim-message.ts'
import type { SimQueue } from './sqs/sim-queue.ts'
import { EPOCH_MS } from './sqs/sim-sqs.ts'
import type { ClientOperation } from './stage.ts'
import type { Destination, TopologyHistory } from './topology-history.ts'
import { UnusedBook } from './unused-book.ts'

/** What a witness counts, to see that a run was about something. */
export type Counts = Record<(typeof COUNTED)[number], number>
const COUNTED = [
  'copies',
  'relayed',
  'deadLettered',
  'overLimit',
  'kept',
  'expired',
  'redelivered',
  'delayed',
  'cancelled',
  'replayed',
  'duplicates',
  'full',
  'unused',
  'longestCycle',
] as const

export const noCounts = (): Counts => Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts

/**
 * Sees everything that happens at SQS to the messages of a vhost and everything that is answered to anybody, and says when
 * the two do not agree.
 */
export class Witness {
  readonly vhost: string
  /** The version of the vhost that every request from now on is promised. */
  promised = 0
  /** How far apart two clocks may be, ms. */
  readonly toleranceMs: number
  readonly ledger = new Ledger()
  /** Nothing ever fails here. */
  readonly isSure: boolean
  readonly counts = noCounts()
  readonly scheduled: ScheduledBook
  readonly duplicates = new DuplicatesBook(this)
  readonly recent = new RecentBook(this)
  readonly unused = new UnusedBook(this)
  readonly #world: SimWorld
  readonly #known: KnownQueues
  #history: TopologyHistory | undefined
  readonly #publications = new Map<string, Publication>()
  /** How many messages have come to an SQS queue, by its name. */
  readonly #arrivals = new Map<string, number>()
  /** By group of FIFO queues: who received from it, and when last. */
  readonly #receivers = new Map<string, Map<Operation, number>>()
  /** A settlement's promise that a message stays away, until it is received or hidden again. */
  readonly #notBeforeMs = new Map<SimMessage, number>()

  constructor(
    vhost: string,
    world: SimWorld,
    known: KnownQueues,
    { toleranceMs, isSure }: Pick<Witness, 'toleranceMs' | 'isSure'>,
  ) {
    this.vhost = vhost
    this.#world = world
    this.#known = known
    this.toleranceMs = toleranceMs
    this.isSure = isSure
    this.scheduled = new ScheduledBook(world, this)
  }

  /** Whether an SQS queue stands behind a queue of this vhost, or did, or keeps dead letters of one. */
  readonly owns = (sqsQueueName: string): boolean =>
    this.#history !== undefined &&
    (this.#history.queueOf(sqsQueueName) ?? this.#history.keeperOf(sqsQueueName)) !== undefined

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
  changed(operation: ClientOperation, fits: (state: VhostState) => boolean): void {
    const version = this.history.find(operation.promised, fits)
    if (version === undefined) this.fail(`${operation.name} was answered and did not happen`)
    else this.promised = Math.max(this.promised, version)
  }

  publishing(publication: Publication): void {
    this.#publications.set(publication.label, publication)
    if (publication.delayMs !== undefined) this.scheduled.publishing(publication)
    this.duplicates.publishing(publication)
    this.recent.publishing(publication)
  }

  /** A publish was answered with `routed`: by one version of the topology, every copy is in its queue or in the relay queue. */
  confirmed(publication: Publication, routed: boolean): void {
    this.duplicates.confirmed(publication)
    this.recent.confirmed(publication)
    if (publication.delayMs !== undefined) this.scheduled.confirmed(publication, routed)
    else this.#checkConfirmed(publication, routed)
  }

  #checkConfirmed(publication: Publication, routed: boolean): void {
    const { label, isRepeatable, exchange, deduplicationKey } = publication
    const reached = isRepeatable ? new Set<string>() : this.ledger.reached(label)
    const isKept = exchange === DEDUPLICATING && deduplicationKey !== undefined
    const fits = this.#anyVersion(this.duplicates.leastOf(publication), (version) => {
      const targets = this.history.targets(version, publication)
      const isRouted = isKept || targets.size > 0
      return isRouted === routed && (isKept || reached.isSubsetOf(targets)) && this.#areStored(publication, targets)
    })
    if (!fits) this.fail(`${label} was confirmed (routed: ${routed}) and has reached [${[...reached]}] only`)
  }

  /** Each copy, or that of another message which stands for it. */
  #areStored(publication: Publication, targets: ReadonlySet<string>): boolean {
    return [...targets].every((name) => {
      if (this.#areDurable(publication.label, new Set([name]))) return true
      const { sqsQueues = [], arguments: args = {} } = this.history.queueOf(name) ?? {}
      const isShared = publication.exchange === DEDUPLICATING || args['x-message-deduplication'] === true
      // What stands for it may have another priority.
      const bands = sqsQueues.map((band) => new Set([band.name]))
      const standIns = isShared ? this.duplicates.standIns(publication) : []
      return standIns.some((label) => bands.some((band) => this.#areDurable(label, band)))
    })
  }

  /** Whether every copy of a message has arrived where it leads by a version from `least` on. */
  hasReachedAll(label: string, least: number, destination: Destination): boolean {
    return this.#anyVersion(least, (version) => this.#areDurable(label, this.history.targets(version, destination)))
  }

  /** A publish was refused because a queue is full: there must be such a queue where it was to go, and so much must have been sent there. */
  refusedAsFull({ label, promised, ...destination }: Publication): void {
    this.counts.full += 1
    const isFull = this.#anyVersion(promised, (version) => {
      const state = this.history.at(version)
      return [...this.history.targets(version, destination)].some((name) => {
        const queue = this.history.queueOf(name)
        const maxLength = queue && state.settingsOf(queue).maxLength
        return maxLength !== undefined && this.#sentTo(name) + (this.#arrivals.get(name) ?? 0) >= maxLength
      })
    })
    if (!isFull) this.fail(`${label} was refused, and no queue can have been full`)
  }

  /** How many were published that may have gone there: who sends counts them with what SQS has, where some come twice. */
  #sentTo(sqsQueueName: string): number {
    return [...this.#publications.values()].filter((publication) =>
      this.#anyVersion(publication.promised, (version) => this.history.targets(version, publication).has(sqsQueueName)),
    ).length
  }

  arrived(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    this.#arrivals.set(queue.name, (this.#arrivals.get(queue.name) ?? 0) + 1)
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
    if (keeper === undefined) this.#checkExpiry(copy)
    // What the relay brings was looked at when it was given to it.
    if (!this.ledger.wasRelayed(keyOf(copy), sqsQueueName)) this.#checkArrival(copy, sqsQueueName, by)
  }

  /** Nothing arrives where no version of the topology sends it, nor with a history that it does not have. */
  #checkArrival(trace: Trace, sqsQueueName: string, by: Operation | undefined): void {
    const keeper = this.history.keeperOf(sqsQueueName)
    if (keeper !== undefined) this.#checkKept(trace, sqsQueueName, keeper)
    else if (this.#isReturn(trace, sqsQueueName)) return
    else if (trace.deaths.length > 0) this.#checkDeadArrival(trace, sqsQueueName, by)
    else this.#checkPublished(trace, sqsQueueName, by)
  }

  /** What SQS took out goes back to where it was, wherever it would be sent now. */
  #isReturn(trace: Trace, sqsQueueName: string): boolean {
    const queueId = this.history.queueOf(sqsQueueName)?.id ?? ''
    return this.ledger.isLeft({ trace, queueId, reason: 'delivery_limit' }) || this.ledger.hasReturned(trace, queueId)
  }

  #checkPublished({ label }: Trace, sqsQueueName: string, by: Operation | undefined): void {
    const publication = this.#publications.get(label)
    if (publication?.delayMs !== undefined) {
      this.#checkDelayed(publication, sqsQueueName, by)
      return
    }
    if (publication) this.duplicates.arrived(publication)
    const reached = publication?.isRepeatable ? new Set([sqsQueueName]) : this.ledger.reached(label)
    const isSent = (version: number) =>
      publication !== undefined && reached.isSubsetOf(this.history.targets(version, publication))
    if (this.#anyVersion(publication?.promised ?? 0, isSent)) return
    this.fail(`${label} has reached [${[...reached]}], where no version since ${publication?.promised} sends it`)
  }

  /** What was held is routed when it is due, and by a topology of that time. */
  #checkDelayed(publication: Publication, sqsQueueName: string, by: Operation | undefined): void {
    this.counts.delayed += 1
    this.scheduled.arrived(publication, sqsQueueName)
    const leads = (version: number) => this.history.targets(version, publication).has(sqsQueueName)
    if (this.#anyVersion(this.#promisedTo(by), leads)) return
    this.fail(`${publication.label} was held, and arrived in ${sqsQueueName}, where it does not lead any more`)
  }

  /** A copy expires when its message or its queue says so, counted from its publish at the earliest and from now at the latest. */
  #checkExpiry({ label, deaths, ttlMs: ownMs, identity: { queueId, expiresAtMs } }: Copy): void {
    const publication = deaths.length === 0 ? this.#publications.get(label) : undefined
    const fits = this.#anyVersion(publication?.promised ?? 0, (version) => {
      const state = this.history.at(version)
      const queue = state.queueById(queueId)
      if (queue === undefined) return false
      const ttlMs = Math.min(ownMs ?? ENDLESS, state.settingsOf(queue).messageTtlMs ?? ENDLESS)
      if (expiresAtMs === undefined || ttlMs === ENDLESS) return expiresAtMs === undefined && ttlMs === ENDLESS
      const sentMs = expiresAtMs - ttlMs
      return sentMs >= (publication?.startMs ?? 0) - this.toleranceMs && sentMs <= this.nowMs + this.toleranceMs
    })
    if (!fits) this.fail(`${label} expires ${(expiresAtMs ?? ENDLESS) - this.nowMs} ms from now, which nothing says`)
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
    if (!this.#anyVersion(this.#promisedTo(by), (version) => this.history.targets(version, trace).has(sqsQueueName))) {
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
  hasExpired({ identity: { expiresAtMs } }: Copy, atMs = this.nowMs): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= atMs + this.toleranceMs
  }

  received(queue: SimQueue, received: SimReceived, by: Operation | undefined): void {
    const { message } = received
    const notBeforeMs = this.#notBeforeMs.get(message) ?? 0
    this.#notBeforeMs.delete(message)
    // What was deleted and comes back (a ghost) does when SQS likes.
    const isEarly = this.nowMs < notBeforeMs && !message.isDeleted
    if (isEarly) this.fail(`a message of ${queue.name} came ${notBeforeMs - this.nowMs} ms early`)
    if (message.receiveCount > 1) this.counts.redelivered += 1
    const { groupId } = message.sent
    if (groupId !== undefined && by !== undefined) {
      const receivers = this.#receivers.get(groupId) ?? new Map<Operation, number>()
      this.#receivers.set(groupId, receivers.set(by, this.nowMs))
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
    if (left && by) this.#hasLeftDead(by, left, copyOf(message))
    else if (!by) this.fail(`${copyOf(message).label} was deleted from the dead by nobody`)
  }

  /** What SQS took out may have expired, or may not have been delivered often enough for certain, and be back. */
  #hasLeftDead(by: Operation, left: LeftDead, copy: Copy): void {
    if (left.reason === 'delivery_limit') {
      if (this.ledger.wasReturned(copy)) return
      const isExpired = this.hasExpired(copy) && this.#isPassedOn(this.#promisedTo(by), { ...left, reason: 'expired' })
      if (isExpired) return
    }
    this.#passedOn(by, left)
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
    if (this.ledger.isLeft(left) || this.#isPassedOn(this.#promisedTo(operation), left)) return
    this.fail(`${operation.name} deleted ${keyOf(left.trace)}, which died of '${left.reason}', and did not pass it on`)
  }

  #isPassedOn(promised: number, { trace, queueId, reason }: LeftDead): boolean {
    return this.#anyVersion(promised, (version) => {
      const queue = this.history.at(version).queueById(queueId)
      if (queue === undefined) return this.#isBuried(version, { trace, queueId, reason })
      const deaths = withDeath(trace, queue.name, reason)
      const targets = this.#deathLeadsTo(version, queue, { ...trace, deaths })
      return targets !== undefined && this.#areDurable(keyOf({ label: trace.label, deaths }), targets)
    })
  }

  /** Of a queue that was deleted, what had died still goes where it would have gone in the end; the rest is gone with it. */
  #isBuried(version: number, { trace, queueId, reason }: LeftDead): boolean {
    const lastVersion = this.history.lastVersionOf(queueId)
    if (lastVersion === undefined || lastVersion > version) return false
    const state = this.history.at(lastVersion)
    const queue = state.queueById(queueId)
    if (queue === undefined || state.settingsOf(queue).deadLetterExchange === undefined) return true
    const deaths = withDeath(trace, queue.name, reason)
    const targets = this.#deathLeadsTo(version, queue, { ...trace, deaths }, state.settingsOf(queue))
    return targets !== undefined && this.#areDurable(keyOf({ label: trace.label, deaths }), targets)
  }

  /** The SQS queues that a dead message is in afterwards; undefined where it should be kept and there is no place to. */
  #deathLeadsTo(
    version: number,
    queue: Queue,
    { deaths, routingKey, priority }: Trace,
    settings = this.history.at(version).settingsOf(queue),
  ): ReadonlySet<string> | undefined {
    const { deadLetterExchange: exchange, deadLetterRoutingKey } = settings
    const isKept = exchange === undefined && deaths[0]?.reason !== 'expired'
    if (isKept) return queue.deadLetters && new Set([queue.deadLetters.name])
    if (exchange === undefined) return new Set()
    const targets = this.history.targets(version, {
      exchange,
      routingKey: deadLetterRoutingKey ?? routingKey,
      priority,
    })
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

  #promisedTo(operation: Operation | undefined): number {
    const promised = operation?.promised ?? 0
    return typeof promised === 'number' ? promised : (promised.get(this.vhost) ?? 0)
  }

  get nowMs(): number {
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

const ENDLESS = Number.POSITIVE_INFINITY

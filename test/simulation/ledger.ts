import type { CopyIdentity } from '../../lib/delivery/copy.ts'
import { parseRelayMessage } from '../../lib/delivery/relay-message.ts'
import { type Copy, keyOf, type Trace, traceOf } from './copies.ts'
import type { SimMessage } from './sqs/sim-message.ts'

/** A fan-out that the relay queue holds. Its targets are the ids of queues by the names of their SQS queues. */
export interface Relayed {
  readonly trace: Trace
  readonly targets: ReadonlyMap<string, string>
}

/** A copy that the internal queue `dead` holds, with the queue it died in and why. */
export interface LeftDead {
  readonly trace: Trace
  readonly queueId: string
  readonly reason: string
}

/** Where every message has ever been. A message is found by its key: by what it is told by, see `keyOf`. */
export class Ledger {
  readonly #arrivals = new Map<string, Map<string, SimMessage>>()
  /** Of those, what came from its publisher, and what came out of a history. */
  readonly #published = new Map<string, Map<string, SimMessage>>()
  readonly #replayed = new Map<string, Map<string, SimMessage>>()
  readonly #relayed = new Map<string, Set<string>>()
  readonly #relays = new Map<SimMessage, Relayed>()
  readonly #dead = new Map<SimMessage, LeftDead>()
  readonly #traces = new Map<string, Map<string, Copy>>()

  readonly #returned = new Set<string>()

  arrived(message: SimMessage, copy: Copy, sqsQueueName: string, queueName: string): void {
    noteFirst(this.#arrivals, keyOf(copy), sqsQueueName, message)
    const { hop, deliveries } = copy.identity
    const isOnward = copy.deaths.length > 0 || deliveries !== undefined
    if (!isOnward) noteFirst(hop === 0 ? this.#published : this.#replayed, copy.label, sqsQueueName, message)
    if (copy.identity.deliveries !== undefined) this.#noteReturn(copy, copy.identity)
    const place = `${copy.label} ${queueName}`
    const traces = this.#traces.get(place) ?? new Map<string, Copy>()
    this.#traces.set(place, traces)
    // A repeated publish makes another that expires later; the first one's death is not early.
    const known = traces.get(keyOf(copy))
    if (known === undefined || expiryOf(copy) < expiryOf(known)) traces.set(keyOf(copy), copy)
  }

  relayArrived(message: SimMessage): Relayed {
    const relay = parseRelayMessage(message.sent.body)
    const targets = new Map(relay.targets.map(({ sqsQueueName, queueId }) => [sqsQueueName, queueId]))
    const relayed = { trace: traceOf(relay.message), targets }
    this.#relays.set(message, relayed)
    for (const target of relay.targets) {
      if (target.deliveries !== undefined) this.#noteReturn(relayed.trace, target)
    }
    const key = keyOf(relayed.trace)
    this.#relayed.set(key, (this.#relayed.get(key) ?? NOWHERE).union(new Set(targets.keys())))
    return relayed
  }

  /** Takes it off the list of those that are not finished. */
  relayDeleted(message: SimMessage): Relayed | undefined {
    const relayed = this.#relays.get(message)
    this.#relays.delete(message)
    return relayed
  }

  #noteReturn(trace: Trace, { queueId, hop }: Pick<CopyIdentity, 'queueId' | 'hop'>): void {
    this.#returned.add(returnOf(trace, queueId)).add(returnOf(trace, queueId, hop))
  }

  /** Whether a copy ever went back to a queue. */
  hasReturned(trace: Trace, queueId: string): boolean {
    return this.#returned.has(returnOf(trace, queueId))
  }

  /** Whether a copy that SQS took out of its queue went back there, to be counted anew. */
  wasReturned({ identity, ...trace }: Copy): boolean {
    return this.#returned.has(returnOf(trace, identity.queueId, identity.hop + 1))
  }

  leftDead(message: SimMessage, left: LeftDead): void {
    this.#dead.set(message, left)
  }

  deathOf(message: SimMessage): LeftDead | undefined {
    return this.#dead.get(message)
  }

  /** Takes it off the list of those that are to be passed on. */
  deadDeleted(message: SimMessage): LeftDead | undefined {
    const left = this.#dead.get(message)
    this.#dead.delete(message)
    return left
  }

  /** Whether a copy that died so waits to be passed on. */
  isLeft({ trace, queueId, reason }: LeftDead): boolean {
    const key = keyOf(trace)
    return [...this.#dead.values()].some(
      (left) => left.queueId === queueId && left.reason === reason && keyOf(left.trace) === key,
    )
  }

  get unfinishedRelays(): number {
    return this.#relays.size
  }

  /** The SQS queues that a message has arrived in or was to be relayed to. */
  reached(key: string): ReadonlySet<string> {
    return (this.#relayed.get(key) ?? NOWHERE).union(new Set(this.#arrivals.get(key)?.keys()))
  }

  wasRelayed(key: string, sqsQueueName: string): boolean {
    return this.#relayed.get(key)?.has(sqsQueueName) === true
  }

  /** Whether a message has been in an SQS queue or will be. */
  isDurable(key: string, sqsQueueName: string): boolean {
    if (this.#arrivals.get(key)?.has(sqsQueueName)) return true
    return [...this.#relays.values()].some(({ trace, targets }) => keyOf(trace) === key && targets.has(sqsQueueName))
  }

  firstPublished(label: string, sqsQueueName: string): SimMessage | undefined {
    return this.#published.get(label)?.get(sqsQueueName)
  }

  /** The first of each SQS queue that a history of an exchange brought it to. */
  replayedTo(label: string): ReadonlyMap<string, SimMessage> {
    return this.#replayed.get(label) ?? new Map()
  }

  /** The message with every history that it has ever had in a queue of this name. */
  copiesIn(label: string, queueName: string): Copy[] {
    return [...(this.#traces.get(`${label} ${queueName}`)?.values() ?? [])]
  }
}

function noteFirst(
  first: Map<string, Map<string, SimMessage>>,
  key: string,
  sqsQueueName: string,
  message: SimMessage,
): void {
  const places = first.get(key) ?? new Map<string, SimMessage>()
  first.set(key, places)
  if (!places.has(sqsQueueName)) places.set(sqsQueueName, message)
}

const NOWHERE: ReadonlySet<string> = new Set()

const expiryOf = ({ identity }: Copy): number => identity.expiresAtMs ?? Number.POSITIVE_INFINITY

const returnOf = (trace: Trace, queueId: string, hop?: number): string => `${keyOf(trace)} ${queueId} ${hop}`

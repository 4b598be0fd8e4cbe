import { publish } from '../../../lib/broker/publish.ts'
import { publishBatch } from '../../../lib/broker/publish-batch.ts'
import type { BrokerError } from '../../../lib/model/errors.ts'
import type { Properties } from '../../../lib/model/message.ts'
import type { Environment } from '../environment.ts'
import type { Publication, Wishes } from '../promises.ts'
import { KEEPING } from '../recent-book.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'
import type { Destination } from '../topology-history.ts'

/** Small ones, some that a delivery tag has no room for, and a few that the relay has none for. */
const PAYLOAD_SIZES = [20, 20, 20, 20, 20, 20, 20, 20, 9000, 70_000] as const

export function propertiesOf({ label, priority, delayMs, deduplicationKey, ttlMs }: Publication): Properties {
  const headers = {
    ...(delayMs !== undefined && { 'x-delay': delayMs }),
    ...(deduplicationKey !== undefined && { 'x-deduplication-header': deduplicationKey }),
  }
  return {
    message_id: label,
    headers,
    ...(priority !== undefined && { priority }),
    ...(ttlMs !== undefined && { expiration: String(ttlMs) }),
  }
}

/** What a publish was refused for, where that is allowed. */
export function publishRefusal({ witness }: Stage, publication: Publication | undefined, error: unknown): BrokerError {
  const refusal = refusalOf(error, 'full')
  if (refusal.kind === 'full' && publication) witness.refusedAsFull(publication)
  return refusal
}

function announce(stage: Stage, to: Destination & Wishes): Publication {
  const publication = {
    ...to,
    label: `m${stage.nextSerial()}`,
    promised: stage.witness.promised,
    startMs: stage.sqs.nowMs,
    ...(to.exchange === KEEPING && { isRepeatable: true }),
  }
  stage.witness.publishing(publication)
  return publication
}

export class Publish implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #publication: Publication
  readonly #payload: Uint8Array

  constructor(stage: Stage, to: Destination & Wishes) {
    this.#stage = stage
    this.#publication = announce(stage, to)
    this.promised = this.#publication.promised
    this.#payload = Buffer.alloc(stage.world.pick(PAYLOAD_SIZES), this.#publication.label)
    const { exchange, routingKey, ...wishes } = to
    this.name = `publish ${this.#publication.label} to ${exchange || 'default'} '${routingKey}' ${JSON.stringify(wishes)}`
  }

  async run(environment: Environment): Promise<string> {
    const { exchange, routingKey } = this.#publication
    const input = { exchange, routingKey, properties: propertiesOf(this.#publication), payload: this.#payload }
    try {
      const { routed } = await publish(await environment.session(this.#stage.vhost), input)
      this.#stage.witness.confirmed(this.#publication, routed)
      return routed ? 'routed' : 'not routed'
    } catch (error) {
      return inWords(publishRefusal(this.#stage, this.#publication, error))
    }
  }
}

export class PublishBatch implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #exchange: string
  readonly #publications: readonly Publication[]

  constructor(stage: Stage, exchange: string, entries: readonly (Wishes & { readonly routingKey: string })[]) {
    this.#stage = stage
    this.#exchange = exchange
    this.#publications = entries.map((entry) => announce(stage, { exchange, ...entry }))
    this.promised = stage.witness.promised
    const labels = this.#publications.map(({ label, routingKey }) => `${label} '${routingKey}'`)
    this.name = `publish [${labels}] to ${exchange || 'default'}`
  }

  async run(environment: Environment): Promise<string> {
    const entries = this.#publications.map((publication) => ({
      routingKey: publication.routingKey,
      properties: propertiesOf(publication),
      payload: Buffer.from(publication.label),
    }))
    try {
      const outcomes = await publishBatch(await environment.session(this.#stage.vhost), this.#exchange, entries)
      const words = outcomes.map((outcome, index) => {
        const publication = this.#publications[index]
        if ('error' in outcome) return publishRefusal(this.#stage, publication, outcome.error).kind
        if (publication) this.#stage.witness.confirmed(publication, outcome.routed)
        return outcome.routed ? 'routed' : 'not routed'
      })
      this.#checkOrder(words)
      return `[${words}]`
    } catch (error) {
      return inWords(refusalOf(error))
    }
  }

  /** In a group the messages before a confirmed one are there, in their order, though perhaps not confirmed themselves. */
  #checkOrder(words: readonly string[]): void {
    const { witness, sqs } = this.#stage
    for (const { name } of sqs.queues.filter(({ isFifo }) => isFifo)) {
      if (this.#mayBeReplayed(name)) continue
      const arrivals = this.#publications.map(({ label }) => witness.ledger.firstArrival(label, name))
      for (const [index, arrival] of arrivals.entries()) {
        if (arrival === undefined || words[index] !== 'routed') continue
        // Another message may stand for it, or for one before it.
        if (this.#publications.some(({ deduplicationKey }) => deduplicationKey !== undefined)) continue
        const before = this.#publications.slice(0, index).findLastIndex((_, earlier) => {
          const { routingKey } = this.#publications[earlier] ?? {}
          return routingKey === this.#publications[index]?.routingKey
        })
        const predecessor = before < 0 ? undefined : arrivals[before]
        if (before >= 0 && (predecessor === undefined || predecessor.serial > arrival.serial)) {
          witness.fail(`${this.#publications[index]?.label} overtook ${this.#publications[before]?.label} in ${name}`)
        }
      }
    }
  }

  /** A queue that is bound meanwhile may be sent what is kept by then, and not what is kept later (docs/compatibility.md). */
  #mayBeReplayed(sqsQueueName: string): boolean {
    if (this.#exchange !== KEEPING) return false
    const { history } = this.#stage.witness
    return !history.targets(this.promised, { exchange: KEEPING, routingKey: '' }).has(sqsQueueName)
  }
}

import { publish } from '../../../lib/broker/publish.ts'
import { publishBatch } from '../../../lib/broker/publish-batch.ts'
import type { Properties } from '../../../lib/model/message.ts'
import type { Environment } from '../environment.ts'
import type { Publication } from '../promises.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'
import type { Destination } from '../topology-history.ts'

/** Small ones, some that a delivery tag has no room for, and a few that the relay has none for. */
const PAYLOAD_SIZES = [20, 20, 20, 20, 20, 20, 20, 20, 9000, 70_000] as const

const propertiesOf = ({ label }: Publication): Properties => ({ message_id: label })

function announce(stage: Stage, to: Destination): Publication {
  const publication = { ...to, label: `m${stage.nextSerial()}`, promised: stage.witness.promised }
  stage.witness.publishing(publication)
  return publication
}

export class Publish implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #publication: Publication
  readonly #payload: Uint8Array

  constructor(stage: Stage, to: Destination) {
    this.#stage = stage
    this.#publication = announce(stage, to)
    this.promised = this.#publication.promised
    this.#payload = Buffer.alloc(stage.world.pick(PAYLOAD_SIZES), this.#publication.label)
    this.name = `publish ${this.#publication.label} to ${to.exchange || 'default'} '${to.routingKey}'`
  }

  async run(environment: Environment): Promise<string> {
    const { exchange, routingKey } = this.#publication
    const input = { exchange, routingKey, properties: propertiesOf(this.#publication), payload: this.#payload }
    try {
      const { routed } = await publish(await environment.session(), input)
      this.#stage.witness.confirmed(this.#publication, routed)
      return routed ? 'routed' : 'not routed'
    } catch (error) {
      return inWords(refusalOf(error))
    }
  }
}

export class PublishBatch implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #exchange: string
  readonly #publications: readonly Publication[]

  constructor(stage: Stage, exchange: string, routingKeys: readonly string[]) {
    this.#stage = stage
    this.#exchange = exchange
    this.#publications = routingKeys.map((routingKey) => announce(stage, { exchange, routingKey }))
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
      const outcomes = await publishBatch(await environment.session(), this.#exchange, entries)
      const words = outcomes.map((outcome, index) => {
        if ('error' in outcome) return refusalOf(outcome.error).kind
        const publication = this.#publications[index]
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
      const arrivals = this.#publications.map(({ label }) => witness.ledger.firstArrival(label, name))
      for (const [index, arrival] of arrivals.entries()) {
        if (arrival === undefined || words[index] !== 'routed') continue
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
}

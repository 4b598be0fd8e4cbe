import { publishOnce } from '../../../lib/broker/publish-once.ts'
import type { Environment } from '../environment.ts'
import { type ClientOperation, inWords, type Repeatable, refusalOf, type Stage } from '../stage.ts'
import type { Destination } from '../topology-history.ts'
import { propertiesOf, publishRefusal } from './publish.ts'

/** A publish under an Idempotency-Key, or a repetition of one, whatever became of it. */
export class PublishOnce implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #repeatable: Repeatable

  constructor(stage: Stage, repeatable: Repeatable, word: string) {
    this.#stage = stage
    this.#repeatable = repeatable
    this.promised = stage.witness.promised
    const { label, exchange, routingKey } = repeatable
    this.name = `publish ${label} to ${exchange || 'default'} '${routingKey}' ${word}`
  }

  static first(stage: Stage, to: Destination): PublishOnce {
    const { witness, repeatables } = stage
    const label = `k${stage.nextSerial()}`
    const repeatable = { ...to, label, promised: witness.promised, startMs: stage.sqs.nowMs, isRepeatable: true }
    witness.publishing(repeatable)
    repeatables.push(repeatable)
    return new PublishOnce(stage, repeatable, 'under a key')
  }

  static again(stage: Stage, repeatable: Repeatable): PublishOnce {
    return new PublishOnce(stage, repeatable, 'again')
  }

  async run(environment: Environment): Promise<string> {
    const { label, exchange, routingKey } = this.#repeatable
    const entry = { routingKey, properties: propertiesOf(this.#repeatable), payload: Buffer.from(label) }
    try {
      const request = { key: label, exchange, body: label }
      const [outcome] = await publishOnce(await environment.session(this.#stage.vhost), request, [entry])
      if (outcome === undefined) throw new Error('a message has no outcome')
      if ('error' in outcome) return inWords(publishRefusal(this.#stage, this.#repeatable, outcome.error))
      this.#stage.witness.confirmed(this.#repeatable, outcome.routed)
      return outcome.routed ? 'routed' : 'not routed'
    } catch (error) {
      return inWords(refusalOf(error))
    }
  }
}

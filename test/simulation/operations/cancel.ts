import { cancelScheduled, listScheduled } from '../../../lib/broker/scheduled.ts'
import type { Environment } from '../environment.ts'
import { DELAYING } from '../scheduled-book.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'

const EVERYTHING = 1000

/** Lists what waits in the exchange that delays, and takes one of it back. */
export class Cancel implements ClientOperation {
  readonly name = `list '${DELAYING}' and cancel`
  readonly promised: number
  readonly #stage: Stage

  constructor(stage: Stage) {
    this.#stage = stage
    this.promised = stage.witness.promised
  }

  async run(environment: Environment): Promise<string> {
    const { scheduled } = this.#stage.witness
    try {
      const certain = scheduled.certain()
      const session = await environment.session(this.#stage.vhost)
      const held = await listScheduled(session, DELAYING, { limit: EVERYTHING })
      scheduled.listed(
        held.map(({ message }) => message.properties.message_id ?? ''),
        certain,
      )
      if (held.length === 0) return 'nothing is held'
      const { id, message } = this.#stage.world.pick(held)
      return await this.#cancel(environment, id, message.properties.message_id ?? '')
    } catch (error) {
      return inWords(refusalOf(error))
    }
  }

  async #cancel(environment: Environment, id: string, label: string): Promise<string> {
    const { scheduled } = this.#stage.witness
    scheduled.asked(label)
    try {
      await cancelScheduled(await environment.session(this.#stage.vhost), DELAYING, id)
      scheduled.cancelled(label)
      return `${label} cancelled`
    } catch (error) {
      const refusal = refusalOf(error, 'not-found', 'precondition-failed')
      if (refusal.kind !== 'unavailable') scheduled.refusedToCancel(label)
      return `${label}: ${inWords(refusal)}`
    }
  }
}

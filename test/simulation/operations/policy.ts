import { changePolicies } from '../../../lib/broker/change-policies.ts'
import type { Policy } from '../../../lib/topology/vhost/events.ts'
import type { Environment } from '../environment.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'

const policy = (name: string, pattern: string, definition: Policy['definition']): Policy => ({
  name,
  pattern,
  applyTo: 'queues',
  definition,
  priority: 0,
})

/** Those of one name take each other's place. */
export const POLICIES: readonly Policy[] = [
  policy('dead-letters', '^c$', { 'dead-letter-exchange': 'dead' }),
  policy('dead-letters', '^[ch]$', { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'd' }),
  policy('time', '^b$', { 'message-ttl': 2000 }),
  policy('time', '^[bh]$', { 'message-ttl': 7000 }),
]

/** Sets a policy, or takes the one of its name away. */
export class ChangePolicy implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #policy: Policy
  readonly #isSet: boolean

  constructor(stage: Stage, chosen: Policy, isSet: boolean) {
    this.#stage = stage
    this.#policy = chosen
    this.#isSet = isSet
    this.promised = stage.witness.promised
    this.name = isSet ? `policy ${JSON.stringify(chosen.definition)} for ${chosen.pattern}` : `no policy ${chosen.name}`
  }

  async run(environment: Environment): Promise<string> {
    const { witness } = this.#stage
    const { name } = this.#policy
    const definitionIn = (policies: ReadonlyMap<string, Policy>) => JSON.stringify(policies.get(name)?.definition)
    const wanted = this.#isSet ? JSON.stringify(this.#policy.definition) : undefined
    try {
      const session = await environment.session(this.#stage.vhost, true)
      const command = this.#isSet
        ? ({ type: 'set-policy', policy: this.#policy } as const)
        : ({ type: 'delete-policy', name } as const)
      await changePolicies(session, command)
      witness.changed(this, ({ policies }) => definitionIn(policies) === wanted)
      return 'done'
    } catch (error) {
      const refusal = refusalOf(error, 'not-found')
      if (refusal.kind === 'not-found') witness.changed(this, ({ policies }) => !policies.has(name))
      return inWords(refusal)
    }
  }
}

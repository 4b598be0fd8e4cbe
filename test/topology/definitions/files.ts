import { canonicalText } from '../../../lib/model/amqp-value.ts'
import { parseJson } from '../../../lib/model/json.ts'
import { AccessState } from '../../../lib/topology/access/state.ts'
import { exportDefinitions } from '../../../lib/topology/definitions/export.ts'
import { parseDefinitions } from '../../../lib/topology/definitions/parse.ts'
import { assertNamesKnown, type ImportGround, rehearse } from '../../../lib/topology/definitions/rehearse.ts'
import { importSteps } from '../../../lib/topology/definitions/steps.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { newId } from '../vhost/vhosts.ts'

export const IDENTITY = { rabbitmqVersion: '3.13.7', productName: 'Leveret', productVersion: '1' }

/** The importer is no user of the broker, so that vhosts grant him nothing. */
const MAKER = { user: 'importer', mintId: newId }

/** A file as it arrives: what JSON makes of it. */
export const overTheWire = (file: unknown) => parseJson(JSON.stringify(file))

/** What importing a file into a broker leaves; into an empty one where none is given. Users come with hashes. */
export function imported(file: unknown, ground: ImportGround = { access: new AccessState(), vhosts: [] }) {
  const definitions = parseDefinitions(overTheWire(file))
  assertNamesKnown(definitions, ground.access)
  const users = definitions.users.map(({ name, tags, hashingAlgorithm, credentials }) => {
    if ('password' in credentials) throw new Error('the tests of pure parts know no passwords')
    return { name, tags, hashingAlgorithm, passwordHash: credentials.passwordHash }
  })
  return rehearse(importSteps(definitions, users, MAKER), ground, MAKER)
}

export const exported = ({ access, vhosts }: ReturnType<typeof imported>) =>
  exportDefinitions(access, [...vhosts.values()], IDENTITY)

/** A text that two vhosts share exactly when all is equal in them but ids, who made what, and the order. */
export function namedText(state: VhostState): string {
  const exchangeName = (id: string) => state.exchangeById(id)?.exchange.name
  const things: unknown[] = [
    ...Array.from(state.exchanges(), ({ exchange: { id, user, ...exchange } }) => exchange),
    ...Array.from(state.queues(), ({ queue: { id, user, sqsQueues, deadLetters, ...queue } }) => queue),
    ...Array.from(state.bindings(), ({ sourceId, destination: { type, id }, ...binding }) => ({
      source: exchangeName(sourceId),
      type,
      destination: type === 'queue' ? state.queueById(id)?.name : exchangeName(id),
      ...binding,
    })),
    ...state.policies.values(),
    ...state.parameters.values(),
  ]
  const texts = things.map((thing) => canonicalText(thing as Parameters<typeof canonicalText>[0]))
  return texts.sort().join('\n')
}

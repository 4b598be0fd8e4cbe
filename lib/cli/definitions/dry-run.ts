import { userImage } from '../../broker/user-image.ts'
import { accessMachine } from '../../topology/access/machine.ts'
import type { AccessState } from '../../topology/access/state.ts'
import type { Maker } from '../../topology/definitions/commits.ts'
import { type Definitions, NO_DEFINITIONS } from '../../topology/definitions/definitions.ts'
import { assertNamesKnown, rehearse } from '../../topology/definitions/rehearse.ts'
import { importSteps } from '../../topology/definitions/steps.ts'
import type { VhostState } from '../../topology/vhost/state.ts'

interface Ground {
  readonly access: AccessState
  readonly vhosts: readonly VhostState[]
}

/**
 * Imports a file into a copy of the broker that is made of the broker's own definitions. The broker does the same with
 * each request, but a file of many requests must be known to fit before the first one.
 *
 * Throws `BrokerError`, naming what does not fit.
 */
export function assertFits(definitions: Definitions, current: Definitions): void {
  const maker = createMaker()
  // Limits say what may be added, not that what is there keeps to them.
  const { vhostLimits, ...things } = current
  const empty = { access: accessMachine.initial(), vhosts: [] }
  const made = imported(empty, { ...things, vhostLimits: [] }, maker)
  imported(imported(made, { ...NO_DEFINITIONS, vhostLimits }, maker), definitions, maker)
}

function imported(ground: Ground, definitions: Definitions, maker: Maker): Ground {
  assertNamesKnown(definitions, ground.access)
  const users = definitions.users.map((user) => userImage(user, ground.access.users.get(user.name)))
  const { access, vhosts } = rehearse(importSteps(definitions, users, maker), ground, maker)
  return { access, vhosts: [...vhosts.values()] }
}

function createMaker(): Maker {
  let made = 0
  return {
    user: 'import',
    mintId: () => {
      made += 1
      return String(made)
    },
  }
}

import type { User } from '../../../lib/model/user.ts'
import { type AccessCommand, decideAccess } from '../../../lib/topology/access/decide.ts'
import type { AccessEvent } from '../../../lib/topology/access/events.ts'
import { accessMachine } from '../../../lib/topology/access/machine.ts'
import type { AccessState } from '../../../lib/topology/access/state.ts'
import type { SetUser } from '../../../lib/topology/access/user.ts'
import type { PutVhost } from '../../../lib/topology/access/vhost.ts'
import { textOf } from '../machine-runs.ts'

let minted = 0

/** A command for a vhost with an id that no other has had. */
export function putVhost(name: string, given: Partial<PutVhost> = {}): PutVhost {
  minted += 1
  return { type: 'put-vhost', id: `vhost${minted}`, name, user: 'guest', ...given }
}

export const setUser = (name: string, given: Partial<Omit<User, 'limits'>> = {}): SetUser => ({
  type: 'set-user',
  user: { name, passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256', tags: [], ...given },
})

/** Decides the commands one after the other and applies what they do. Returns all events. */
export function run(state: AccessState, ...commands: readonly AccessCommand[]): AccessEvent[] {
  return commands.flatMap((command) => {
    const events = decideAccess(state, command)
    for (const event of events) accessMachine.apply(state, event)
    return events
  })
}

export function accessAfter(...commands: readonly AccessCommand[]): AccessState {
  const state = accessMachine.initial()
  run(state, ...commands)
  return state
}

/** All that a state is, as a text: equal texts for equal states. */
export const snapshotText = (state: AccessState): string => textOf(accessMachine, state)

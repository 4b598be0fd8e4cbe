import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BrokerError } from '../../../lib/model/errors.ts'
import type { User } from '../../../lib/model/user.ts'
import { decideAccess } from '../../../lib/topology/access/decide.ts'
import { accessMachine } from '../../../lib/topology/access/machine.ts'
import { AccessState } from '../../../lib/topology/access/state.ts'
import { exportDefinitions } from '../../../lib/topology/definitions/export.ts'
import { operatorPolicyParameter } from '../../../lib/topology/definitions/parameter.ts'
import { vhostCommands } from '../vhost/vhost-commands.ts'
import { openVhost, run, vhostAfter } from '../vhost/vhosts.ts'
import { exported, IDENTITY, imported, namedText, overTheWire } from './files.ts'

/** An access state with vhost `dv`, users, permissions and limits. */
function accessState({ limit, tags, hasProtection }: { limit: number; tags: string[]; hasProtection: boolean }) {
  const state = new AccessState()
  const user: User = {
    name: 'u',
    passwordHash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
    hashingAlgorithm: 'rabbit_password_hashing_sha256',
    tags,
    limits: { 'max-channels': limit },
  }
  const commands = [
    { type: 'put-vhost', id: 'vid', name: 'dv', user: 'u', description: 'd', tags, tracing: hasProtection },
    { type: 'set-user', user },
    { type: 'set-user-limit', user: 'u', limit: 'max-channels', value: limit },
    { type: 'set-vhost-limit', vhost: 'dv', limit: 'max-connections', value: limit },
    { type: 'protect-vhost', name: 'dv', protected: hasProtection },
    { type: 'set-permission', permission: { user: 'u', vhost: 'dv', configure: '', write: '.*', read: '^q' } },
    { type: 'set-topic-permission', permission: { user: 'u', vhost: 'dv', exchange: 'y', write: 'a', read: 'b' } },
    { type: 'set-global-parameter', name: 'g', value: { n: limit } },
  ] as const
  for (const command of commands) {
    for (const event of decideAccess(state, command)) accessMachine.apply(state, event)
  }
  return state
}

const accessStates = fc
  .record({
    limit: fc.integer(),
    tags: fc.array(fc.constantFrom('administrator', 'b', 'c'), { maxLength: 3 }),
    hasProtection: fc.boolean(),
  })
  .map(accessState)

/** Vhosts after any commands but those whose outcome no file holds: exclusive queues, and policies as these define them. */
const vhostStates = vhostCommands.map((makers) => {
  const state = openVhost()
  for (const make of makers) {
    const command = make(state)
    const items = command.type === 'import' ? command.items : [command]
    if (items.some((item) => item.type === 'set-policy' || ('exclusive' in item && item.exclusive))) continue
    try {
      run(state, command)
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
    }
  }
  return state
})

describe('exporting and importing', () => {
  it('brings back an equal vhost in an empty broker', () => {
    fc.assert(
      fc.property(vhostStates, accessStates, (state, access) => {
        const copy = imported(exportDefinitions(access, [state], IDENTITY)).vhosts.get('dv')
        expect(copy && namedText(copy)).toBe(namedText(state))
      }),
      { numRuns: 200 },
    )
  })

  it('brings back equal users, vhosts, permissions and limits in an empty broker', () => {
    fc.assert(
      fc.property(accessStates, (access) => {
        const { tagKey: _key, ...original } = Object(accessMachine.snapshot(access))
        const copy = Object(accessMachine.snapshot(imported(exportDefinitions(access, [openVhost()], IDENTITY)).access))
        const withoutIds = (vhosts: { id: string }[]) => vhosts.map(({ id: _id, ...vhost }) => vhost)
        expect({ ...copy, tagKey: undefined, vhosts: withoutIds(copy.vhosts) }).toEqual({
          ...original,
          tagKey: undefined,
          vhosts: withoutIds(original.vhosts),
        })
      }),
    )
  })

  it('exports what was imported, once the file is in the form of an export', () => {
    fc.assert(
      fc.property(vhostStates, accessStates, (state, access) => {
        const file = exported(imported(exportDefinitions(access, [state], IDENTITY)))
        expect(overTheWire(exported(imported(file)))).toEqual(overTheWire(file))
      }),
    )
  })

  it('changes nothing when repeated', () => {
    fc.assert(
      fc.property(vhostStates, accessStates, (state, access) => {
        const file = exportDefinitions(access, [state], IDENTITY)
        const again = imported(file, { access, vhosts: [state] })
        expect(again.vhosts.get('dv') && namedText(again.vhosts.get('dv') ?? openVhost())).toBe(namedText(state))
        expect(accessMachine.snapshot(again.access)).toEqual(accessMachine.snapshot(access))
      }),
    )
  })

  it('carries policies and operator policies', () => {
    const policy = { name: 'p', pattern: '^q', applyTo: 'queues', definition: { 'max-length': 5 }, priority: 3 }
    const operatorPolicy = operatorPolicyParameter('o', { pattern: '', definition: { expires: 1000 } })
    const state = vhostAfter({ type: 'set-policy', policy }, { type: 'set-parameter', parameter: operatorPolicy })
    const access = accessState({ limit: 1, tags: [], hasProtection: false })
    const copy = imported(exportDefinitions(access, [state], IDENTITY)).vhosts.get('dv')
    expect(copy && namedText(copy)).toBe(namedText(state))
  })
})

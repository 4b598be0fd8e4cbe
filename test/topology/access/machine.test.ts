import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpValue, Typed } from '../../../lib/model/amqp-value.ts'
import { type AccessCommand, decideAccess } from '../../../lib/topology/access/decide.ts'
import type { AccessEvent } from '../../../lib/topology/access/events.ts'
import { accessMachine } from '../../../lib/topology/access/machine.ts'
import type { AccessState } from '../../../lib/topology/access/state.ts'
import { always, runAll, throughJournal } from '../machine-runs.ts'
import { putVhost, setUser, snapshotText } from './access-states.ts'

const user = fc.constantFrom('a', 'b', 'c')
const vhost = fc.constantFrom('v', 'w', '')
const pattern = fc.constantFrom('', '.*', '^a', '(')
const maybeLimit = fc.constantFrom(undefined, -1, 0, 5)

/** Commands over few names, so that they meet; made when they are run, so that vhosts have new ids. */
const command: fc.Arbitrary<() => AccessCommand> = fc.oneof(
  fc.tuple(vhost, fc.record({ user, description: fc.constantFrom('', 'd'), tags: fc.constantFrom([], ['t']) })).map(
    ([name, given]) =>
      () =>
        putVhost(name, given),
  ),
  vhost.map((name) => () => ({ type: 'delete-vhost', name }) as const),
  fc.tuple(vhost, fc.boolean()).map(
    ([name, isOn]) =>
      () =>
        ({ type: 'protect-vhost', name, protected: isOn }) as const,
  ),
  fc.tuple(vhost, fc.constantFrom('max-queues', 'max-connections', 'nope'), maybeLimit).map(
    ([name, limit, value]) =>
      () =>
        ({ type: 'set-vhost-limit', vhost: name, limit, value }) as const,
  ),
  fc.tuple(user, fc.constantFrom([], ['t', 'u'])).map(
    ([name, tags]) =>
      () =>
        setUser(name, { tags }),
  ),
  fc.array(user, { maxLength: 3 }).map((names) => () => ({ type: 'delete-users', names }) as const),
  fc.tuple(user, fc.constantFrom('max-channels', 'max-connections', 'nope'), maybeLimit).map(
    ([name, limit, value]) =>
      () =>
        ({ type: 'set-user-limit', user: name, limit, value }) as const,
  ),
  fc
    .record({ user, vhost, configure: pattern, write: pattern, read: pattern })
    .map((permission) => () => ({ type: 'set-permission', permission }) as const),
  fc.record({ user, vhost }).map((given) => () => ({ type: 'clear-permission', ...given }) as const),
  fc
    .record({ user, vhost, exchange: fc.constantFrom('x', 'y'), write: pattern, read: pattern })
    .map((permission) => () => ({ type: 'set-topic-permission', permission }) as const),
  fc
    .record({ user, vhost, exchange: fc.constantFrom(undefined, 'x', 'y') })
    .map((given) => () => ({ type: 'clear-topic-permission', ...given }) as const),
  fc
    .record({
      name: fc.constantFrom('p', 'q'),
      value: fc.constantFrom<AmqpValue>(1, new Typed('double', 1), { $type: 'x' }),
    })
    .map((given) => () => ({ type: 'set-global-parameter', ...given }) as const),
  fc.constantFrom('p', 'q').map((name) => () => ({ type: 'delete-global-parameter', name }) as const),
)

const PRELUDE = [() => setUser('a'), () => setUser('b'), () => putVhost('v', { user: 'a' })]
const commands = fc.array(command, { maxLength: 40, size: 'max' }).map((makers) => [...PRELUDE, ...makers])

const access = {
  machine: accessMachine,
  decide: decideAccess,
  firstEvents: (): AccessEvent[] => [{ type: 'tag-key-made', key: 'key' }],
}

/** Every permission is of a user and in a vhost that exist, and is found by their names. */
function checkPermissions(state: AccessState): void {
  for (const permission of state.permissions()) {
    expect(state.users.has(permission.user) && state.vhosts.has(permission.vhost)).toBe(true)
    expect(state.permission(permission.user, permission.vhost)).toBe(permission)
  }
  for (const permission of state.topicPermissions()) {
    expect(state.users.has(permission.user) && state.vhosts.has(permission.vhost)).toBe(true)
    expect(state.topicPermission(permission.user, permission.vhost, permission.exchange)).toBe(permission)
  }
}

describe('the state machine of users and vhosts', () => {
  it('keeps permissions only of users and in vhosts that exist', () => {
    always(commands, (makers) => void runAll(access, makers, { afterApplying: ({ state }) => checkPermissions(state) }))
  })

  it('changes nothing while it decides, refused or not', () => {
    always(commands, (makers) => {
      runAll(access, makers, { afterDeciding: ({ state, before }) => expect(snapshotText(state)).toBe(before) })
    })
  })

  it('answers a repeated command that sets something with no events', () => {
    always(commands, (makers) => {
      runAll(access, makers, {
        afterApplying: ({ state, command: given, events }) => {
          const isRepeatable = /^(set|put|protect)-/.test(given.type)
          if (events !== 'refused' && isRepeatable) expect(decideAccess(state, given)).toEqual([])
        },
      })
    })
  })

  it('comes to the same state when its journal is replayed', () => {
    always(commands, (makers) => {
      const { state, log } = runAll(access, makers)
      const replayed = accessMachine.initial()
      for (const event of log) {
        expect(throughJournal(event)).toEqual(event)
        accessMachine.apply(replayed, throughJournal(event))
      }
      expect(snapshotText(replayed)).toBe(snapshotText(state))
    })
  })

  it('is the same when it is restored from its snapshot', () => {
    always(commands, (makers) => {
      const { state } = runAll(access, makers)
      const restored = accessMachine.restore(throughJournal(accessMachine.snapshot(state)))
      expect(snapshotText(restored)).toBe(snapshotText(state))
      expect(restored.tagKey).toBe('key')
      checkPermissions(restored)
    })
  })

  it('gives a re-created vhost a new id', () => {
    always(commands, (makers) => {
      const { log } = runAll(access, makers)
      const ids = log.flatMap((event) => (event.type === 'vhost-created' ? [event.vhost.id] : []))
      expect(new Set(ids).size).toBe(ids.length)
    })
  })

  it('is driven by commands of every kind, refused and not', () => {
    const seen = new Set<string>()
    always(commands, (makers) => {
      runAll(access, makers, {
        afterDeciding: ({ command: given, events }) => seen.add(`${given.type} ${events === 'refused'}`),
      })
    })
    for (const kind of ['put-vhost', 'delete-vhost', 'set-permission', 'set-topic-permission', 'delete-users']) {
      expect([...seen]).toEqual(expect.arrayContaining([`${kind} true`, `${kind} false`]))
    }
  })
})

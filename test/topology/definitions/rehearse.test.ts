import { describe, expect, it } from 'vitest'
import { accessMachine } from '../../../lib/topology/access/machine.ts'
import { AccessState } from '../../../lib/topology/access/state.ts'
import { refusal } from '../refusals.ts'
import { openVhost, snapshotText } from '../vhost/vhosts.ts'
import { imported } from './files.ts'

const vhosts = [{ name: 'v' }]
const queue = (name: string, given: object = {}) => ({ name, vhost: 'v', ...given })

describe('rehearsing an import', () => {
  it('finds what only an earlier part of the file makes', () => {
    const { vhosts: states } = imported({
      vhosts,
      exchanges: [{ name: 'x', vhost: 'v', type: 'direct' }],
      queues: [queue('q')],
      bindings: [{ source: 'x', vhost: 'v', destination: 'q', destination_type: 'queue' }],
    })
    expect(states.get('v')?.bindingCount).toBe(1)
  })

  it('leaves the states that it began with as they were', () => {
    const [access, state] = [new AccessState(), openVhost()]
    accessMachine.apply(access, {
      type: 'vhost-created',
      vhost: {
        id: state.id,
        name: 'dv',
        description: '',
        tags: [],
        defaultQueueType: 'undefined',
        tracing: false,
        protectedFromDeletion: false,
        limits: {},
      },
    })
    const before = [snapshotText(state), JSON.stringify(accessMachine.snapshot(access))]
    imported({ vhosts, queues: [queue('q'), { name: 'q', vhost: 'dv' }] }, { access, vhosts: [state] })
    expect([snapshotText(state), JSON.stringify(accessMachine.snapshot(access))]).toEqual(before)
  })

  it('refuses vhosts and users that are nowhere', () => {
    const missingVhost = refusal('invalid', 'Please create virtual host "zz" prior to importing definitions.')
    const patterns = { configure: '', write: '', read: '' }
    const limits = { component: 'vhost-limits', name: 'limits', vhost: 'zz', value: {} }
    expect(() => imported({ queues: [queue('q', { vhost: 'zz' })] })).toThrow(missingVhost)
    expect(() => imported({ permissions: [{ user: 'u', vhost: 'zz', ...patterns }] })).toThrow(missingVhost)
    expect(() => imported({ parameters: [{ ...limits, value: { 'max-queues': 1 } }] })).toThrow(missingVhost)
    expect(() => imported({ vhosts, permissions: [{ user: 'u', vhost: 'v', ...patterns }] })).toThrow(
      refusal('invalid', 'Please create user "u" prior to importing definitions.'),
    )
  })

  it('refuses what any step would refuse, naming the object', () => {
    const user = { name: 'u', tags: '', password_hash: '' }
    const patterns = { user: 'u', vhost: 'v', configure: '(', write: '', read: '' }
    expect(() => imported({ vhosts, users: [user], permissions: [patterns] })).toThrow(
      /^permission of user 'u' in vhost 'v': /,
    )
    expect(() => imported({ vhosts: [{ name: 'v', default_queue_type: 'stream' }] })).toThrow(/^vhost 'v': /)
    expect(() => imported({ vhosts, queues: [queue('q', { arguments: { 'x-message-ttl': -1 } })] })).toThrow(
      /^queue 'q' in vhost 'v': invalid arg 'x-message-ttl'/,
    )
    expect(() =>
      imported({ vhosts, bindings: [{ source: 'x', vhost: 'v', destination: 'q', destination_type: 'queue' }] }),
    ).toThrow(/^binding from 'x' to queue 'q' in vhost 'v': /)
  })

  it('counts the queues of the file against a limit that the file sets', () => {
    const parameters = [{ component: 'vhost-limits', name: 'limits', vhost: 'v', value: { 'max-queues': 1 } }]
    expect(() => imported({ vhosts, parameters, queues: [queue('a'), queue('b')] })).toThrow(/queue limit .* \(1\)/)
  })

  it('keeps the type that a file names beside the arguments, whatever the vhost would imply', () => {
    const quorum = [{ name: 'v', default_queue_type: 'quorum' }]
    const queues = [queue('c', { type: 'classic' }), queue('q', { type: 'quorum' }), queue('n')]
    const typesIn = (file: object) =>
      Array.from(imported(file).vhosts.get('v')?.queues() ?? [], ({ queue: { type, arguments: args } }) => [type, args])
    expect(typesIn({ vhosts: quorum, queues })).toEqual([
      ['classic', { 'x-queue-type': 'classic' }],
      ['quorum', {}],
      ['quorum', {}],
    ])
    expect(typesIn({ vhosts, queues })).toEqual([
      ['classic', {}],
      ['quorum', { 'x-queue-type': 'quorum' }],
      ['classic', {}],
    ])
  })
})

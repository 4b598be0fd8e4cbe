import { describe, expect, it } from 'vitest'
import type { PermissionCheck } from '../../lib/access/authorise.ts'
import {
  assertMayAdminister,
  assertMayBindFrom,
  assertMayBindTo,
  assertMayConsume,
  assertMayDeclareExchange,
  assertMayDeclareQueue,
  assertMayDelete,
  assertMayManagePolicies,
  assertMayPublish,
} from '../../lib/access/permissions.ts'
import type { AccessState } from '../../lib/topology/access/state.ts'
import { accessWith } from './access-states.ts'

const user = { name: 'u' }

type Needs = Partial<Record<PermissionCheck['action'], string>>

/** A row of contract §4.4: the operation, and for each right the one name that it must match. */
interface Row {
  readonly operation: string
  readonly needs: Needs
  readonly attempt: (access: AccessState) => void
}

const declareExchange = (given: { exists?: boolean; alternate?: string }) => (access: AccessState) =>
  assertMayDeclareExchange(access, user, 'v', { name: 'x', exists: false, ...given })
const declareQueue = (given: { exists?: boolean; deadLetterExchange?: string }) => (access: AccessState) =>
  assertMayDeclareQueue(access, user, 'v', { name: 'q', exists: false, ...given })
const bind = (type: 'queue' | 'exchange', sourceType?: string) => (access: AccessState) => {
  assertMayBindTo(access, user, 'v', { type, name: 'destination' })
  assertMayBindFrom(access, user, 'v', { source: { name: 'source', type: sourceType }, routingKey: 'k' })
}
const publish = (name: string, type?: string) => (access: AccessState) =>
  assertMayPublish(access, user, 'v', { name, type }, ['k', 'copy'])

const ROWS: readonly Row[] = [
  { operation: 'declare a new exchange', needs: { configure: 'x' }, attempt: declareExchange({}) },
  {
    operation: 'declare a new exchange with an alternate exchange',
    needs: { configure: 'x', write: 'ae', read: 'x' },
    attempt: declareExchange({ alternate: 'ae' }),
  },
  {
    operation: 'declare a new exchange with the default exchange as its alternate',
    needs: { configure: 'x', write: 'amq.default', read: 'x' },
    attempt: declareExchange({ alternate: '' }),
  },
  {
    operation: 'redeclare an exchange',
    needs: { configure: 'x' },
    attempt: declareExchange({ exists: true, alternate: 'ae' }),
  },
  { operation: 'declare a new queue', needs: { configure: 'q' }, attempt: declareQueue({}) },
  {
    operation: 'declare a new queue with a dead-letter exchange',
    needs: { configure: 'q', write: 'dlx', read: 'q' },
    attempt: declareQueue({ deadLetterExchange: 'dlx' }),
  },
  {
    operation: 'declare a new queue with the default exchange for dead letters',
    needs: { configure: 'q', write: 'amq.default', read: 'q' },
    attempt: declareQueue({ deadLetterExchange: '' }),
  },
  {
    operation: 'redeclare a queue',
    needs: { configure: 'q' },
    attempt: declareQueue({ exists: true, deadLetterExchange: 'dlx' }),
  },
  {
    operation: 'delete an exchange',
    needs: { configure: 'x' },
    attempt: (access) => assertMayDelete(access, user, 'v', { kind: 'exchange', name: 'x' }),
  },
  {
    operation: 'delete a queue',
    needs: { configure: 'q' },
    attempt: (access) => assertMayDelete(access, user, 'v', { kind: 'queue', name: 'q' }),
  },
  { operation: 'bind a queue', needs: { write: 'destination', read: 'source' }, attempt: bind('queue', 'direct') },
  {
    operation: 'bind an exchange',
    needs: { write: 'destination', read: 'source' },
    attempt: bind('exchange', 'topic'),
  },
  { operation: 'bind to a missing exchange', needs: { write: 'destination', read: 'source' }, attempt: bind('queue') },
  { operation: 'publish', needs: { write: 'x' }, attempt: publish('x', 'direct') },
  { operation: 'publish to the default exchange', needs: { write: 'amq.default' }, attempt: publish('') },
  {
    operation: 'get, consume or purge',
    needs: { read: 'q' },
    attempt: (access) => assertMayConsume(access, user, 'v', 'q'),
  },
]

/** A pattern that finds this name and no longer one. */
const exactly = (name: string | undefined): string => (name === undefined ? '' : `^${name.replace('.', '\\.')}$`)

const accessFor = ({ configure, write, read }: Needs): AccessState =>
  accessWith({
    permissions: [
      { user: 'u', vhost: 'v', configure: exactly(configure), write: exactly(write), read: exactly(read) },
      { user: 'u', vhost: 'other', configure: '.*', write: '.*', read: '.*' },
      { user: 'other', vhost: 'v', configure: '.*', write: '.*', read: '.*' },
    ],
  })

const REFUSED = expect.objectContaining({ kind: 'access-refused', reason: 'Access refused.' })

describe.each(ROWS)('to $operation', ({ needs, attempt }) => {
  it('what the table names is enough', () => {
    expect(() => attempt(accessFor(needs))).not.toThrow()
  })

  it.each(Object.keys(needs) as (keyof Needs)[])('the right to %s is needed, whatever else is granted', (action) => {
    const access = accessWith({
      permissions: [{ user: 'u', vhost: 'v', configure: '.*', write: '.*', read: '.*', [action]: '' }],
    })
    expect(() => attempt(access)).toThrow(REFUSED)
  })

  it.each(Object.keys(needs) as (keyof Needs)[])('the right to %s must cover that very name', (action) => {
    expect(() => attempt(accessFor({ ...needs, [action]: 'somethingelse' }))).toThrow(REFUSED)
  })

  it('an entry in the vhost is needed', () => {
    expect(() => attempt(accessWith({}))).toThrow(REFUSED)
  })
})

describe('topic permissions', () => {
  const accessWithTopics = (write: string, read: string) =>
    accessWith({
      permissions: [{ user: 'u', vhost: 'v', configure: '.*', write: '.*', read: '.*' }],
      topicPermissions: ['x', 'source'].map((exchange) => ({ user: 'u', vhost: 'v', exchange, write, read })),
    })

  it('are asked for every key of a message to a topic exchange', () => {
    expect(() => publish('x', 'topic')(accessWithTopics('^(k|copy)$', ''))).not.toThrow()
    expect(() => publish('x', 'topic')(accessWithTopics('^k$', ''))).toThrow(
      expect.objectContaining({
        explanation: "access to topic 'copy' in exchange 'x' in vhost 'v' refused for user 'u'",
      }),
    )
  })

  it('are asked to read for a binding to a topic exchange', () => {
    expect(() => bind('queue', 'topic')(accessWithTopics('', '^k$'))).not.toThrow()
    expect(() => bind('queue', 'topic')(accessWithTopics('^k$', ''))).toThrow(
      expect.objectContaining({
        reason: 'Access refused.',
        explanation: "access to topic 'k' in exchange 'source' in vhost 'v' refused for user 'u'",
      }),
    )
  })

  it.each(['direct', 'fanout', 'headers', undefined])('mean nothing for an exchange of type %s', (type) => {
    expect(() => publish('x', type)(accessWithTopics('', ''))).not.toThrow()
    expect(() => bind('exchange', type)(accessWithTopics('', ''))).not.toThrow()
  })
})

describe('a refusal', () => {
  it("explains itself in the words of RabbitMQ's channels", () => {
    expect(() => publish('xd', 'direct')(accessFor({}))).toThrow(
      expect.objectContaining({ explanation: "access to exchange 'xd' in vhost 'v' refused for user 'u'" }),
    )
    expect(() => publish('')(accessFor({}))).toThrow(
      expect.objectContaining({ explanation: "access to exchange 'amq.default' in vhost 'v' refused for user 'u'" }),
    )
    expect(() => assertMayConsume(accessFor({}), user, 'v', 'q')).toThrow(
      expect.objectContaining({ explanation: "access to queue 'q' in vhost 'v' refused for user 'u'" }),
    )
  })
})

describe('rights by tag', () => {
  it('to policies take the tag and an entry in the vhost, or the administrator tag', () => {
    const access = accessFor({})
    expect(() => assertMayManagePolicies(access, { name: 'u', tags: ['policymaker'] }, 'v')).not.toThrow()
    expect(() => assertMayManagePolicies(access, { name: 'u', tags: ['monitoring'] }, 'v')).toThrow(
      'User not authorised to access object',
    )
    expect(() => assertMayManagePolicies(access, { name: 'u', tags: ['policymaker'] }, 'third')).toThrow(
      'User not authorised to access object',
    )
    expect(() => assertMayManagePolicies(access, { name: 'u', tags: ['administrator'] }, 'third')).not.toThrow()
  })

  it('to users, permissions, vhosts and definitions take the administrator tag', () => {
    expect(() => assertMayAdminister({ tags: ['administrator'] })).not.toThrow()
    expect(() => assertMayAdminister({ tags: ['policymaker', 'monitoring'] })).toThrow('Not administrator user')
  })
})

import { describe, expect, it } from 'vitest'
import { assertFits } from '../../lib/cli/definitions/dry-run.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { parseDefinitions } from '../../lib/topology/definitions/parse.ts'

const limit = (maxQueues: number) => ({
  vhost: '/',
  component: 'vhost-limits',
  name: 'limits',
  value: { 'max-queues': maxQueues },
})
const queue = (name: string) => ({ name, vhost: '/' })
const toQueue = (destination: string) => ({
  source: 'amq.direct',
  vhost: '/',
  destination,
  destination_type: 'queue',
})

/** Two queues, though one is allowed since. */
const CURRENT: AmqpTable = {
  users: [{ name: 'guest', password: 'guest', tags: ['administrator'] }],
  vhosts: [{ name: '/' }],
  queues: [queue('a'), queue('b')],
  parameters: [limit(1)],
}

const fits = (file: AmqpTable) => () => assertFits(parseDefinitions(file), parseDefinitions(CURRENT))

describe('a file that is tried out against what a broker has', () => {
  it.each([
    ['names what the broker has', { bindings: [toQueue('a')] }],
    ['repeats what the broker has, beyond a limit of later', { queues: [queue('a'), queue('b')] }],
    ['names what it brings itself', { parameters: [limit(3)], queues: [queue('c')], bindings: [toQueue('c')] }],
    ['gives rights to a user that the broker has', { permissions: [permission('guest')] }],
  ])('fits where it %s', (_what, file) => {
    expect(fits(file)).not.toThrow()
  })

  it.each([
    ['names a queue that is nowhere', { bindings: [toQueue('c')] }, /no queue 'c' in vhost '\/'/],
    ['goes beyond a limit', { queues: [queue('c')] }, /limit/],
    ['names a vhost that is nowhere', { queues: [{ name: 'c', vhost: 'x' }] }, /create virtual host "x"/],
    ['gives rights to nobody', { permissions: [permission('nobody')] }, /create user "nobody"/],
  ])('does not fit where it %s', (_what, file, why) => {
    expect(fits(file)).toThrow(why)
  })
})

function permission(user: string) {
  return { user, vhost: '/', configure: '', write: '', read: '' }
}

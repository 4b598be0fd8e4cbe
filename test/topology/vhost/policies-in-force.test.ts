import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AmqpTable } from '../../../lib/model/amqp-value.ts'
import type { Queue, QueueType } from '../../../lib/model/queue.ts'
import type { Policy } from '../../../lib/topology/vhost/events.ts'
import { PolicyMatchers } from '../../../lib/topology/vhost/policies-in-force.ts'
import { queueSettings } from '../../../lib/topology/vhost/queue-settings.ts'
import { VhostState } from '../../../lib/topology/vhost/state.ts'

const policy = (over: Partial<Policy> = {}): Policy => ({
  name: 'p',
  pattern: '.*',
  applyTo: 'all',
  definition: { 'message-ttl': 1000 },
  priority: 0,
  ...over,
})

const queue = (args: AmqpTable = {}, type: QueueType = 'classic', name = 'orders'): Queue => ({
  id: 'q1',
  name,
  type,
  durable: true,
  autoDelete: false,
  arguments: args,
  user: 'guest',
  sqsQueues: [],
})

const inForce = (policies: Policy[], operatorPolicies: Policy[] = [], target = queue()) =>
  new PolicyMatchers(policies, operatorPolicies).ofQueue(target)

const settings = (args: AmqpTable, definition: AmqpTable, type: QueueType = 'classic') =>
  queueSettings(queue(args, type), { definition })

describe('the policy in force', () => {
  test('is the one of the highest priority, whatever else matches; policies do not merge', () => {
    const low = policy({ name: 'low', definition: { expires: 5 }, priority: 1 })
    const high = policy({ name: 'high', definition: { 'max-length': 3 }, priority: 2 })
    expect(inForce([low, high])).toMatchObject({ policy: { name: 'high' }, definition: { 'max-length': 3 } })
  })

  test('does not depend on the order in which policies were set', () => {
    const several = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), priority: fc.integer({ min: 0, max: 2 }) }),
      { selector: ({ name }) => name },
    )
    fc.assert(
      fc.property(several, fc.nat(), (picked, turn) => {
        const policies = picked.map((one) => policy(one))
        const at = picked.length === 0 ? 0 : turn % picked.length
        const turned = [...policies.slice(at), ...policies.slice(0, at)]
        expect(inForce(turned).policy?.name).toBe(inForce(policies).policy?.name)
      }),
    )
  })

  test('matches anywhere in the name, as an unanchored pattern does', () => {
    expect(inForce([policy({ pattern: 'rder' })]).policy).toBeDefined()
    expect(inForce([policy({ pattern: '^rder' })]).policy).toBeUndefined()
  })

  test.each([
    ['all', true, true, true],
    ['queues', true, true, false],
    ['classic_queues', true, false, false],
    ['quorum_queues', false, true, false],
    ['streams', false, false, false],
    ['exchanges', false, false, true],
  ])(
    'that applies to %s reaches classic queues: %s, quorum queues: %s, exchanges: %s',
    (applyTo, classic, quorum, exchange) => {
      const matchers = new PolicyMatchers([policy({ applyTo })], [])
      expect(matchers.ofQueue(queue()).policy !== undefined).toBe(classic)
      expect(matchers.ofQueue(queue({}, 'quorum')).policy !== undefined).toBe(quorum)
      expect(matchers.ofExchange({ name: 'orders' }).policy !== undefined).toBe(exchange)
    },
  )

  test('does not reach a queue whose type knows nothing of one of its settings', () => {
    const limited = policy({ definition: { 'delivery-limit': 3, 'message-ttl': 1 } })
    expect(inForce([limited], [], queue({}, 'classic')).definition).toEqual({})
    expect(inForce([limited], [], queue({}, 'quorum')).definition).toEqual(limited.definition)
    const mirrored = policy({ definition: { 'ha-mode': 'all', 'message-ttl': 1 } })
    expect(inForce([mirrored], [], queue({}, 'classic')).definition).toEqual(mirrored.definition)
    expect(inForce([mirrored], [], queue({}, 'quorum')).definition).toEqual({})
  })

  test('and the operator’s merge: the smaller of numbers, the operator’s of everything else', () => {
    const own = policy({ definition: { 'message-ttl': 10, 'max-length': 7, overflow: 'drop-head' } })
    const operator = policy({
      definition: { 'message-ttl': 20, 'max-length': 3, overflow: 'reject-publish', expires: 9 },
    })
    expect(inForce([own], [operator]).definition).toEqual({
      'message-ttl': 10,
      'max-length': 3,
      overflow: 'reject-publish',
      expires: 9,
    })
  })
})

describe('a change of a policy', () => {
  const vhost = () => {
    const state = new VhostState()
    state.addQueue(queue({}, 'quorum'))
    state.addExchange({
      id: 'x1',
      name: 'x',
      type: 'fanout',
      durable: true,
      autoDelete: false,
      internal: false,
      arguments: {},
      user: 'guest',
    })
    return state
  }

  test('changes the settings of queues that were asked for before', () => {
    const state = vhost()
    const ttlMs = () => state.settingsOf(queue({}, 'quorum')).messageTtlMs
    expect(ttlMs()).toBeUndefined()
    state.setPolicy(policy())
    expect(ttlMs()).toBe(1000)
    state.setParameter({
      component: 'operator_policy',
      name: 'o',
      value: { pattern: '', definition: { 'message-ttl': 5 } },
    })
    expect(ttlMs()).toBe(5)
    state.removePolicy('p')
    state.removeParameter('operator_policy', 'o')
    expect(ttlMs()).toBeUndefined()
  })

  test('changes the alternate exchange of exchanges that name none', () => {
    const state = vhost()
    state.setPolicy(policy({ definition: { 'alternate-exchange': 'ae' } }))
    expect(state.exchangeByName('x')?.alternate()).toBe('ae')
    state.removePolicy('p')
    expect(state.exchangeByName('x')?.alternate()).toBeUndefined()
  })
})

describe('the settings of a queue', () => {
  test('are the smaller of argument and policy where they are numbers', () => {
    expect(settings({ 'x-message-ttl': 10 }, { 'message-ttl': 5 }).messageTtlMs).toBe(5)
    expect(settings({ 'x-message-ttl': 0 }, { 'message-ttl': 5 }).messageTtlMs).toBe(0)
    expect(settings({}, { 'message-ttl': 5 }).messageTtlMs).toBe(5)
    expect(settings({ 'x-max-length': 4 }, {}).maxLength).toBe(4)
  })

  test('are the argument’s where they are texts', () => {
    const policies = { 'dead-letter-exchange': 'theirs', 'dead-letter-routing-key': 'key', overflow: 'drop-head' }
    expect(settings({ 'x-dead-letter-exchange': 'mine', 'x-overflow': 'reject-publish' }, policies)).toMatchObject({
      deadLetterExchange: 'mine',
      deadLetterRoutingKey: 'key',
      overflow: 'reject-publish',
    })
  })

  test('take the overflow behaviour of a quorum queue from the policy', () => {
    const own = { 'x-overflow': 'reject-publish' }
    expect(settings(own, { overflow: 'drop-head' }, 'quorum').overflow).toBe('drop-head')
    expect(settings(own, {}, 'quorum').overflow).toBe('reject-publish')
  })

  test('limit the deliveries of quorum queues only, to 20 unless somebody says otherwise', () => {
    expect(settings({}, {}).deliveryLimit).toBeUndefined()
    expect(settings({}, {}, 'quorum').deliveryLimit).toBe(20)
    expect(settings({ 'x-delivery-limit': 3 }, { 'delivery-limit': 5 }, 'quorum').deliveryLimit).toBe(3)
    expect(settings({ 'x-delivery-limit': -1 }, {}, 'quorum').deliveryLimit).toBeUndefined()
    expect(settings({ 'x-delivery-limit': -1 }, { 'delivery-limit': 5 }, 'quorum').deliveryLimit).toBe(5)
  })
})

import fc from 'fast-check'
import { type AmqpTable, Typed } from '../../../lib/model/amqp-value.ts'
import { type Binding, propertiesKey } from '../../../lib/model/binding.ts'
import type { Ends } from '../../../lib/topology/vhost/binding.ts'
import type { VhostCommand } from '../../../lib/topology/vhost/decide.ts'
import type { ImportItem } from '../../../lib/topology/vhost/import.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { bind, declareExchange, declareQueue, deleteExchange, deleteQueue, newId, unbind } from './vhosts.ts'

/**
 * Commands over few names, so that they meet: most exchanges are auto-delete, in chains and cycles; some commands are
 * refused. A command is made when it is run: its ids are new, and what it removes may be what is there.
 */
export type MakeCommand = (state: VhostState) => VhostCommand

export const ROUTING_KEYS = ['', 'a', 'a.b', '1', '2'] as const
const BINDING_KEYS = [...ROUTING_KEYS, '#', '*', 'a.*'] as const
const BINDING_ARGUMENTS: readonly AmqpTable[] = [
  {},
  {},
  {},
  { h: 1 },
  { h: new Typed('double', 1) },
  { 'x-match': 'any', h: 1, i: 'x' },
  { 'x-match': 'nope' },
]

const TYPES: Readonly<Record<string, string>> = {
  x: 'direct',
  y: 'topic',
  z: 'headers',
  w: 'fanout',
  v: 'x-consistent-hash',
}

const exchangeName = fc.constantFrom('x', 'y', 'z', 'w', 'v', 'x', 'y', 'w', 'x', 'y', 'w', 'amq.topic', 'amq.new', '')
const queueName = fc.constantFrom('p', 'q', 'p', 'q', 'p', 'q', 'r', 'amq.q')
const routingKey = fc.constantFrom(...BINDING_KEYS)
const bindingArguments = fc.constantFrom(...BINDING_ARGUMENTS)
const rarely = fc.integer({ min: 0, max: 9 }).map((draw) => draw === 9)

const exchangeDeclaration = fc
  .record({ name: exchangeName, isOdd: rarely, isLasting: rarely, alternate: fc.constantFrom(undefined, 'y', 5) })
  .map(({ name, isOdd, isLasting, alternate }) => (): ImportItem & VhostCommand => {
    const args: AmqpTable = isOdd && alternate !== undefined ? { 'alternate-exchange': alternate } : {}
    const exchangeType = isOdd ? 'direct' : (TYPES[name] ?? 'topic')
    return declareExchange(name, { exchangeType, autoDelete: !isLasting, arguments: args })
  })

const queueDeclaration = fc
  .record({
    name: queueName,
    arguments: fc.constantFrom<AmqpTable>(
      {},
      {},
      {},
      { 'x-queue-type': 'quorum' },
      { 'x-dead-letter-exchange': 'x', 'x-message-ttl': new Typed('int64', 2n ** 33n) },
      { 'x-message-ttl': -1 },
      { 'x-fifo-group': 'header:h' },
    ),
    maxQueues: fc.constantFrom(undefined, undefined, -1, 2),
    exclusive: fc.constantFrom(
      undefined,
      undefined,
      undefined,
      { gateway: 'g1', id: 'c1' },
      { gateway: 'g2', id: 'c1' },
    ),
  })
  .map(
    ({ name, ...given }) =>
      (): ImportItem & VhostCommand =>
        declareQueue(name, given),
  )

const ends: fc.Arbitrary<Ends> = fc.oneof(
  fc.record({ source: exchangeName, destinationType: fc.constant('queue' as const), destination: queueName }),
  fc.record({ source: exchangeName, destinationType: fc.constant('exchange' as const), destination: exchangeName }),
)

const binding = fc.tuple(ends, routingKey, bindingArguments).map(
  ([between, key, args]) =>
    (): ImportItem & VhostCommand =>
      bind(between, key, args),
)

const policy = fc
  .record({ name: fc.constantFrom('p1', 'p2'), priority: fc.constantFrom(0, 1) })
  .map(({ name, priority }) => (): ImportItem & VhostCommand => ({
    type: 'set-policy',
    policy: { name, priority, pattern: '^x', applyTo: 'all', definition: { 'message-ttl': 5, $type: 'none' } },
  }))

const SHOVEL = { 'src-uri': 'amqp://', 'src-queue': 'q', 'dest-uri': 'amqp://' }

const parameter = fc
  .record({ name: fc.constantFrom('s1', 's2'), value: fc.constantFrom(1, new Typed('double', 1), { $type: 'int64' }) })
  .map(({ name, value }) => (): ImportItem & VhostCommand => ({
    type: 'set-parameter',
    parameter: { component: 'shovel', name, value: { ...SHOVEL, value } },
  }))

const importing = fc
  .oneof(...[exchangeDeclaration, queueDeclaration, binding, policy].map((item) => fc.array(item, { maxLength: 5 })))
  .map(
    (makers): MakeCommand =>
      () => ({ type: 'import', items: makers.map((make) => make()) }),
  )

/** Unbinds one of the bindings that are there. */
const unbindingOf = fc.nat(50).map(
  (draw): MakeCommand =>
    (state) => {
      const bindings = [...state.bindings()]
      const binding = bindings[draw % bindings.length]
      return binding
        ? unbind(endsOf(state, binding), propertiesKey(binding.routingKey, binding.arguments))
        : deleteQueue('p')
    },
)

function endsOf(state: VhostState, { sourceId, destination: { type, id } }: Binding): Ends {
  const destination = type === 'queue' ? state.queueById(id)?.name : state.exchangeById(id)?.exchange.name
  const source = state.exchangeById(sourceId)?.exchange.name
  return { source: source ?? '', destinationType: type, destination: destination ?? '' }
}

const removal: fc.Arbitrary<MakeCommand> = fc.oneof(
  { weight: 4, arbitrary: unbindingOf },
  fc.tuple(exchangeName, rarely).map(
    ([name, ifUnused]) =>
      () =>
        deleteExchange(name, ifUnused),
  ),
  queueName.map((name) => () => deleteQueue(name)),
  fc
    .record({ gateway: fc.constantFrom('g1', 'g2'), connection: fc.constantFrom(undefined, 'c1', 'c2') })
    .map((owner) => () => ({ type: 'delete-exclusive', ...owner, limit: 100 }) as const),
  queueName.map((name) => () => ({ ...deleteQueue(name), onlyId: newId() })),
  fc.tuple(ends, routingKey, bindingArguments).map(
    ([between, key, args]) =>
      () =>
        unbind(between, propertiesKey(key, args)),
  ),
  fc.constantFrom('p1', 'p2').map((name) => () => ({ type: 'delete-policy', name }) as const),
  fc.constantFrom('s1', 's2').map((name) => () => ({ type: 'delete-parameter', component: 'shovel', name }) as const),
)

/** Of a queue that is there, or of none. */
const deadLetters = queueName.map(
  (name): MakeCommand =>
    (state) => ({
      type: 'open-dead-letters',
      id: state.queueByName(name)?.id ?? newId(),
      sqsQueue: { name: `dead-${name}` },
    }),
)

const vhostCommand: fc.Arbitrary<MakeCommand> = fc.oneof(
  { weight: 5, arbitrary: exchangeDeclaration },
  { weight: 3, arbitrary: queueDeclaration },
  { weight: 10, arbitrary: binding },
  { weight: 5, arbitrary: removal },
  { weight: 2, arbitrary: fc.oneof(policy, parameter) },
  { weight: 1, arbitrary: importing },
  { weight: 1, arbitrary: deadLetters },
)

/** What most sequences begin with, so that there is something to bind from the start. */
const PRELUDE: readonly MakeCommand[] = [
  ...Object.entries(TYPES).map(
    ([name, type]): MakeCommand =>
      () =>
        declareExchange(name, { exchangeType: type, autoDelete: true }),
  ),
  () => declareQueue('p'),
  () => declareQueue('q'),
]

/** Sequences of commands. */
export const vhostCommands: fc.Arbitrary<readonly MakeCommand[]> = fc
  .tuple(fc.boolean(), fc.array(vhostCommand, { maxLength: 40, size: 'max' }))
  .map(([isBare, makers]) => (isBare ? makers : [...PRELUDE, ...makers]))

/** The commands that may be repeated at once and change nothing more. */
export const isRepeatable = ({ type }: VhostCommand): boolean =>
  type.startsWith('declare-') ||
  type.startsWith('set-') ||
  type === 'bind' ||
  type === 'import' ||
  type === 'open-dead-letters'

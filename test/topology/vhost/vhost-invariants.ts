import { expect } from 'vitest'
import type { AmqpTable } from '../../../lib/model/amqp-value.ts'
import { type Binding, bindingKey } from '../../../lib/model/binding.ts'
import type { BindingIndex, RoutableMessage } from '../../../lib/routing/exchange-type.ts'
import { exchangeType } from '../../../lib/routing/exchange-types.ts'
import type { ExchangeNode, VhostState } from '../../../lib/topology/vhost/state.ts'
import { ROUTING_KEYS } from './vhost-commands.ts'

/** What must be true of every state. */
export function checkInvariants(state: VhostState): void {
  checkNames(state)
  checkBindings(state)
  for (const node of state.exchanges()) checkIndex(node)
}

/** Names and ids lead to the same things, one to one. */
function checkNames(state: VhostState): void {
  const exchanges = [...state.exchanges()]
  expect(state.exchangeCount).toBe(exchanges.length)
  expect(new Set(exchanges.map(({ exchange }) => exchange.name)).size).toBe(exchanges.length)
  for (const node of exchanges) {
    expect(state.exchangeByName(node.exchange.name)).toBe(node)
    expect(state.exchangeById(node.exchange.id)).toBe(node)
  }
  const queues = [...state.queues()]
  expect(state.queueCount).toBe(queues.length)
  expect(new Set(queues.map(({ queue }) => queue.name)).size).toBe(queues.length)
  for (const node of queues) {
    expect(state.queueNodeByName(node.queue.name)).toBe(node)
    expect(state.queueById(node.queue.id)).toBe(node.queue)
    // An inbox is behind many queues.
    const behind = node.queue.exclusive ? undefined : node.queue
    for (const { name } of node.queue.sqsQueues) expect(state.queueBySqsName(name)).toBe(behind)
  }
  expect([...state.exclusiveQueues()]).toEqual(queues.filter(({ queue }) => queue.exclusive))
}

/** Both ends of every binding exist and know it; nobody knows another. */
function checkBindings(state: VhostState): void {
  const bindings = [...state.bindings()]
  const keys = bindings.map(bindingKey)
  expect(state.bindingCount).toBe(bindings.length)
  expect(new Set(keys).size).toBe(bindings.length)
  for (const binding of bindings) {
    expect(state.exchangeById(binding.sourceId)?.outgoing.get(bindingKey(binding))).toBe(binding)
    expect(state.destinationNode(binding.destination)?.incoming.get(bindingKey(binding))).toBe(binding)
    expect(state.hasBinding(binding)).toBe(true)
  }
  const incoming = [...state.exchanges(), ...state.queues()].flatMap((node) => [...node.incoming.keys()])
  expect(incoming.sort()).toEqual(keys.sort())
}

const HEADERS: readonly AmqpTable[] = [{}, { h: 1 }, { i: 'x' }]

const PROBES: readonly RoutableMessage[] = ROUTING_KEYS.flatMap((key) =>
  HEADERS.map((headers) => ({ routingKeys: [key], headers, properties: {}, random: () => 0 })),
)

/** The index routes as one does into which the exchange's bindings have just been put: what was removed left no trace. */
function checkIndex({ exchange, bindings, outgoing }: ExchangeNode): void {
  const fresh = exchangeType(exchange.type)?.createIndex(exchange.arguments)
  if (!fresh) throw new Error(`the exchange type ${exchange.type} is unknown`)
  for (const binding of outgoing.values()) fresh.add(binding)
  const isRoutedOtherwise = (probe: RoutableMessage) =>
    matched(bindings, probe).symmetricDifference(matched(fresh, probe)).size > 0
  expect(PROBES.filter(isRoutedOtherwise)).toEqual([])
}

function matched(index: BindingIndex, message: RoutableMessage): Set<Binding> {
  const found = new Set<Binding>()
  index.match(message, (binding) => found.add(binding))
  return found
}

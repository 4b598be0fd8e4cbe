import { expect } from 'vitest'
import type { AmqpTable } from '../../../lib/model/amqp-value.ts'
import { type Binding, bindingKey } from '../../../lib/model/binding.ts'
import type { BindingIndex, RoutableMessage } from '../../../lib/routing/exchange-type.ts'
import { exchangeType } from '../../../lib/routing/exchange-types.ts'
import type { VhostEvent } from '../../../lib/topology/vhost/events.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
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
  }
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
  for (const probe of PROBES) expect(matchedKeys(bindings, probe)).toEqual(matchedKeys(fresh, probe))
}

function matchedKeys(index: BindingIndex, message: RoutableMessage): string[] {
  const found = new Set<Binding>()
  index.match(message, (binding) => found.add(binding))
  return Array.from(found, bindingKey).sort()
}

/**
 * What auto-delete must come to, found by looking at everything: after the first event, each auto-delete exchange that
 * was a source before and is none now goes, until there is none. Returns the ids; changes `state`, which is a copy.
 */
export function autoDeletedIds(state: VhostState, first: VhostEvent): Set<string> {
  const sources = new Set(Array.from(state.bindings(), ({ sourceId }) => sourceId))
  vhostMachine.apply(state, first)
  const deleted = new Set<string>()
  for (;;) {
    const emptied = [...state.exchanges()].find(
      ({ exchange, outgoing }) => exchange.autoDelete && sources.has(exchange.id) && outgoing.size === 0,
    )
    if (!emptied) return deleted
    const { id, name } = emptied.exchange
    deleted.add(id)
    vhostMachine.apply(state, { type: 'exchange-deleted', id, name })
  }
}

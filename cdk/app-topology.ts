import { Token } from 'aws-cdk-lib'
import { tableFromJson } from '../lib/model/amqp-table.ts'
import type { AmqpTable } from '../lib/model/amqp-value.ts'
import { BrokerError } from '../lib/model/errors.ts'
import { isReservedName } from '../lib/model/names.ts'
import { parseUntrustedJson } from '../lib/model/untrusted-json.ts'
import { exportBinding, exportExchange, exportQueue } from '../lib/topology/definitions/export.ts'
import { decideVhost, type VhostCommand } from '../lib/topology/vhost/decide.ts'
import { predefinedExchanges } from '../lib/topology/vhost/exchange.ts'
import { vhostMachine } from '../lib/topology/vhost/machine.ts'
import { maxReceiveCountOf } from '../lib/topology/vhost/queue-settings.ts'
import type { VhostState } from '../lib/topology/vhost/state.ts'

/** An object in a vhost, for commands and for errors. */
export interface Place {
  readonly vhost: string
  readonly name: string
}

/** Two ends, as a bind names them. */
export interface AppBinding {
  readonly source: string
  readonly destinationType: 'queue' | 'exchange'
  readonly destination: string
  readonly routingKey: string
  readonly arguments: AmqpTable
}

/** Who declares does not matter here: the broker puts its own in. */
const USER = ''

/**
 * What an app declares of a broker: the very state machine that the broker runs, so that what the broker would refuse is
 * refused where the app says it, in the same words.
 */
export class AppTopology {
  readonly #vhosts = new Map<string, VhostState>()
  /** Exchanges that somebody else declares: there to be bound to, and in no file. */
  readonly #foreign = new Set<string>()
  #minted = 0

  get isEmpty(): boolean {
    return this.#vhosts.size === 0
  }

  declareExchange({ vhost, name }: Place, type: string, internal: boolean, args: AmqpTable): void {
    const exchange = { name, exchangeType: type, durable: true, autoDelete: false, internal, arguments: args }
    this.#add(vhost, `exchange '${name}'`, { type: 'declare-exchange', id: this.#newId(), user: USER, ...exchange })
  }

  declareQueue({ vhost, name }: Place, args: AmqpTable): void {
    const queue = { name, durable: true, autoDelete: false, arguments: args, sqsQueues: [] }
    this.#add(vhost, `queue '${name}'`, { type: 'declare-queue', id: this.#newId(), user: USER, ...queue })
  }

  /** How often SQS is to hand out a message of a queue that was declared, by its arguments: policies are not the app's. */
  maxReceiveCount({ vhost, name }: Place): number {
    const state = this.#vhost(vhost)
    const queue = state.queueByName(name)
    return maxReceiveCountOf(queue ? state.settingsOf(queue) : {})
  }

  bind(vhost: string, binding: AppBinding): void {
    const what = `a binding from '${binding.source}' to '${binding.destination}' with the key '${binding.routingKey}'`
    this.#add(vhost, what, { type: 'bind', ...binding })
  }

  /** Makes an exchange known that the app does not declare. It may have any type, so bindings to it are not checked. */
  referToExchange({ vhost, name }: Place): void {
    const state = this.#vhost(vhost)
    if (isReservedName(name) || this.#foreign.has(keyOf(vhost, name))) return
    const exchange = { name, exchangeType: 'direct', durable: true, autoDelete: false, internal: false, arguments: {} }
    this.#add(vhost, `exchange '${name}'`, { type: 'declare-exchange', id: this.#newId(), user: USER, ...exchange })
    this.#foreign.add(keyOf(state.vhost, name))
  }

  /** A definitions file of exchanges, queues and bindings, in the order in which they were added. */
  toDefinitions() {
    const states = [...this.#vhosts.values()]
    const each = <T extends object>(items: (state: VhostState) => readonly T[]) =>
      states.flatMap((state) => items(state).map((item) => ({ vhost: state.vhost, ...item })))
    return {
      exchanges: each((state) =>
        Array.from(state.exchanges(), ({ exchange }) => exchange)
          .filter(({ name }) => !isReservedName(name) && !this.#foreign.has(keyOf(state.vhost, name)))
          .map(exportExchange),
      ),
      queues: each((state) => Array.from(state.queues(), ({ queue }) => exportQueue(queue))),
      bindings: each((state) => Array.from(state.bindings(), (binding) => exportBinding(state, binding))),
    }
  }

  #add(vhost: string, what: string, command: VhostCommand): void {
    const state = this.#vhost(vhost)
    const events = refused(what, () => decideVhost(state, command))
    if (events.length === 0) throw cannotAdd(what, `it is there already, in vhost '${vhost}'`)
    for (const event of events) vhostMachine.apply(state, event)
  }

  #vhost(name: string): VhostState {
    const known = this.#vhosts.get(name)
    if (known) return known
    const state = vhostMachine.initial()
    const exchanges = predefinedExchanges(USER, () => this.#newId())
    vhostMachine.apply(state, { type: 'vhost-opened', id: this.#newId(), name, exchanges })
    this.#vhosts.set(name, state)
    return state
  }

  #newId(): string {
    this.#minted += 1
    return String(this.#minted)
  }
}

const keyOf = (vhost: string, name: string): string => JSON.stringify([vhost, name])

/** The arguments of a declaration as AMQP has them. Throws an Error for what no client could send. */
export function argumentsOf(what: string, args: Readonly<Record<string, unknown>> = {}): AmqpTable {
  assertKnown(what, args)
  return refused(what, () => tableFromJson(parseUntrustedJson(JSON.stringify(args)), 'arguments'))
}

/** Throws where something is a token: the broker is told names and arguments as they are when the app is synthesised. */
export function assertKnown(what: string, value: unknown): void {
  if (!Token.isUnresolved(JSON.stringify(value))) return
  throw cannotAdd(what, 'names and arguments must be known when the app is synthesised, so they cannot be tokens')
}

/** Runs what throws BrokerError; the Error says what cannot be added to the broker. */
export function refused<T>(what: string, decide: () => T): T {
  try {
    return decide()
  } catch (error) {
    throw error instanceof BrokerError ? cannotAdd(what, error.message) : error
  }
}

export const cannotAdd = (what: string, reason: string): Error => new Error(`Leveret cannot add ${what}: ${reason}`)

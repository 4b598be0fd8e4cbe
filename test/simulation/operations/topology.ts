import { bindTo, unbindFrom } from '../../../lib/broker/bind.ts'
import { declareQueue } from '../../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../../lib/broker/delete-queue.ts'
import type { AmqpTable } from '../../../lib/model/amqp-value.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { copyOf } from '../copies.ts'
import type { Environment } from '../environment.ts'
import type { SimMessage } from '../sqs/sim-message.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'

export class DeclareQueue implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #queue: string
  readonly #arguments: AmqpTable
  readonly #startMs: number

  constructor(stage: Stage, queue: string, args: AmqpTable) {
    this.#stage = stage
    this.#startMs = stage.sqs.nowMs
    this.#queue = queue
    this.#arguments = args
    this.promised = stage.witness.promised
    this.name = `declare ${queue}`
  }

  async run(environment: Environment): Promise<string> {
    const declaration = { name: this.#queue, durable: true, autoDelete: false, arguments: this.#arguments }
    try {
      const session = await environment.session(this.#stage.vhost)
      const existing = session.vhost.queueByName(this.#queue)
      const outcome = await declareQueue(session, declaration)
      if (existing && outcome === 'existing') this.#stage.witness.unused.used(existing.id, this.#startMs)
      this.#stage.witness.changed(this, (state) => state.queueByName(this.#queue) !== undefined)
      return outcome
    } catch (error) {
      return inWords(refusalOf(error))
    }
  }
}

export class DeleteQueue implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #queue: string
  readonly #ifEmpty: boolean

  constructor(stage: Stage, queue: string, ifEmpty: boolean) {
    this.#stage = stage
    this.#queue = queue
    this.#ifEmpty = ifEmpty
    this.promised = stage.witness.promised
    this.name = `delete ${queue}${ifEmpty ? ' if empty' : ''}`
  }

  /** A look into the queue. */
  received(): void {}
  hidden(): void {}

  async run(environment: Environment): Promise<string> {
    const { witness } = this.#stage
    const isGone = (state: VhostState) => state.queueByName(this.#queue) === undefined
    const inside = this.#visibleNow()
    try {
      await deleteQueue(await environment.session(this.#stage.vhost, true), {
        name: this.#queue,
        ifEmpty: this.#ifEmpty,
      })
      witness.changed(this, isGone)
      const left = this.#ifEmpty ? inside.filter(({ receiveCount }) => receiveCount === 0) : []
      if (left.length > 0) witness.fail(`${this.name} took ${left.map((message) => copyOf(message).label)} away`)
      return 'deleted'
    } catch (error) {
      const refusal = refusalOf(error, 'not-found', 'precondition-failed')
      if (refusal.kind === 'not-found') witness.changed(this, isGone)
      return inWords(refusal)
    }
  }

  /** Messages that anybody can see who looks, in the queue that has the name for sure. */
  #visibleNow(): SimMessage[] {
    const { sqs, witness } = this.#stage
    const declared = witness.history.latest.queueByName(this.#queue)
    const messages = declared?.sqsQueues.flatMap(({ name }) => sqs.find(name)?.messages ?? []) ?? []
    return messages.filter(({ visibleAtMs }) => visibleAtMs <= sqs.nowMs)
  }
}

export interface BindRequest {
  readonly exchange: string
  readonly queue: string
  readonly routingKey: string
}

/** Makes a binding, or takes it away. */
export class ChangeBinding implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #request: BindRequest
  readonly #isBound: boolean

  constructor(stage: Stage, request: BindRequest, isBound: boolean) {
    this.#stage = stage
    this.#request = request
    this.#isBound = isBound
    this.promised = stage.witness.promised
    this.name = `${isBound ? 'bind' : 'unbind'} ${request.queue} ${isBound ? 'to' : 'from'} ${request.exchange} '${request.routingKey}'`
  }

  async run(environment: Environment): Promise<string> {
    const { exchange: source, queue: destination, routingKey } = this.#request
    const ends = { source, destination, destinationType: 'queue' as const }
    const { witness } = this.#stage
    const isBound = (state: VhostState) => isBoundIn(state, this.#request)
    try {
      const session = await environment.session(this.#stage.vhost, true)
      if (this.#isBound) await bindTo(session, { ...ends, routingKey, arguments: {} })
      else await unbindFrom(session, { ...ends, propertiesKey: routingKey || '~' })
      witness.changed(this, (state) => isBound(state) === this.#isBound)
      return 'done'
    } catch (error) {
      const refusal = refusalOf(error, 'not-found')
      const isRefused = (state: VhostState) => (this.#isBound ? !state.queueByName(destination) : !isBound(state))
      if (refusal.kind === 'not-found') witness.changed(this, isRefused)
      return inWords(refusal)
    }
  }
}

function isBoundIn(state: VhostState, { exchange, queue, routingKey }: BindRequest): boolean {
  const id = state.queueByName(queue)?.id
  const bindings = [...(state.exchangeByName(exchange)?.outgoing.values() ?? [])]
  return bindings.some((binding) => binding.destination.id === id && binding.routingKey === routingKey)
}

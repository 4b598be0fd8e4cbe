import type { VhostState } from '../../lib/topology/vhost/state.ts'
import type { SimWorld } from '../support/sim-world.ts'
import type { Profile } from './conditions.ts'
import { Get } from './operations/get.ts'
import { Publish, PublishBatch } from './operations/publish.ts'
import { PublishOnce } from './operations/publish-once.ts'
import { Purge } from './operations/purge.ts'
import { Settle, type SettleRequest } from './operations/settle.ts'
import { ChangeBinding, DeclareQueue, DeleteQueue } from './operations/topology.ts'
import { QUEUE_NAMES, ROUTING_KEYS } from './scenery.ts'
import type { ClientOperation, Delivery, Stage } from './stage.ts'
import type { Destination } from './topology-history.ts'

type Kind = 'publish' | 'once' | 'batch' | 'get' | 'settle' | 'purge' | 'delete' | 'declare' | 'binding'

/** How often each call is made. */
const WEIGHTS: Readonly<Record<Profile, Readonly<Record<Kind, number>>>> = {
  everything: { publish: 30, once: 4, batch: 6, get: 30, settle: 18, purge: 2, delete: 3, declare: 5, binding: 6 },
  consume: { publish: 30, once: 4, batch: 6, get: 35, settle: 27, purge: 1, delete: 0.5, declare: 0.5, binding: 0 },
  reject: { publish: 20, once: 4, batch: 2, get: 50, settle: 20, purge: 0.5, delete: 0.5, declare: 2, binding: 1 },
  circles: { publish: 3, once: 4, batch: 0, get: 90, settle: 5, purge: 0, delete: 0, declare: 0, binding: 2 },
  topology: { publish: 35, once: 4, batch: 5, get: 15, settle: 8, purge: 2, delete: 8, declare: 12, binding: 15 },
  batches: { publish: 10, once: 4, batch: 35, get: 30, settle: 15, purge: 2, delete: 1, declare: 3, binding: 4 },
}

/** What a client does next. */
export function nextOperation(stage: Stage, profile: Profile): ClientOperation {
  const { world } = stage
  switch (drawKind(world, WEIGHTS[profile])) {
    case 'publish':
      return new Publish(stage, drawDestination(world))
    case 'once':
      return drawOnce(stage)
    case 'batch':
      return drawBatch(stage)
    case 'get':
      return drawGet(stage, profile)
    case 'settle':
      return drawSettle(stage) ?? drawGet(stage, profile)
    case 'purge':
      return new Purge(stage, world.pick(QUEUE_NAMES))
    case 'delete':
      return new DeleteQueue(stage, world.pick(QUEUE_NAMES), world.chance(0.4))
    case 'declare':
      return drawDeclare(stage)
    case 'binding':
      return drawBinding(stage)
  }
}

function drawKind(world: SimWorld, weights: Readonly<Record<Kind, number>>): Kind {
  const entries = Object.entries(weights) as [Kind, number][]
  let left = world.between(
    0,
    entries.reduce((sum, [, weight]) => sum + weight, 0),
  )
  for (const [kind, weight] of entries) {
    left -= weight
    if (left < 0) return kind
  }
  return 'publish'
}

function drawDestination(world: SimWorld): Destination {
  const choice = world.random()
  if (choice < 0.4) return { exchange: 'fan', routingKey: world.pick(ROUTING_KEYS) }
  if (choice < 0.7) return { exchange: 'key', routingKey: world.pick(ROUTING_KEYS) }
  return { exchange: '', routingKey: world.pick([...QUEUE_NAMES, 'r', 'nobody']) }
}

/** A new one, or one of the last again. */
function drawOnce(stage: Stage): ClientOperation {
  const { world, repeatables } = stage
  const again = repeatables.length > 0 && world.chance(0.6) ? world.pick(repeatables.slice(-3)) : undefined
  return again ? PublishOnce.again(stage, again) : PublishOnce.first(stage, drawDestination(world))
}

function drawBatch(stage: Stage): ClientOperation {
  const { world } = stage
  const { exchange } = drawDestination(world)
  const keys = exchange === '' ? QUEUE_NAMES : ROUTING_KEYS
  const count = 1 + Math.floor(world.between(0, world.pick([4, 4, 15])))
  return new PublishBatch(
    stage,
    exchange,
    Array.from({ length: count }, () => world.pick<string>(keys)),
  )
}

const ACK_MODES = [
  'manual',
  'ack_requeue_false',
  'ack_requeue_true',
  'reject_requeue_true',
  'reject_requeue_false',
] as const

function drawGet(stage: Stage, profile: Profile): ClientOperation {
  const { world } = stage
  const rejects = (profile === 'reject' && world.chance(0.6)) || profile === 'circles'
  return new Get(stage, {
    queue: rejects && world.chance(0.6) ? 'r' : world.pick(QUEUE_NAMES),
    count: world.pick([1, 1, 3, 10, 25]),
    ackMode: rejects ? 'reject_requeue_false' : world.chance(0.4) ? 'manual' : world.pick(ACK_MODES),
    waitS: world.pick([0, 0, 0, 1, 20]),
    visibilityS: world.pick([1, 5, 30, 60]),
  })
}

const ACTIONS = ['ack', 'ack', 'nack', 'reject', 'reject', 'extend'] as const

/** Some of what was got from a queue and is not settled; undefined where nothing is. */
function drawSettle(stage: Stage): ClientOperation | undefined {
  const { world, deliveries } = stage
  if (deliveries.length === 0) return undefined
  const { queue } = world.pick(deliveries)
  const ofQueue = deliveries.filter((delivery) => delivery.queue === queue)
  const chosen = ofQueue.slice(0, 1 + Math.floor(world.between(0, 4)))
  const requests = chosen.map((delivery) => drawSettlement(stage, delivery))
  for (const delivery of chosen) deliveries.splice(deliveries.indexOf(delivery), 1)
  return new Settle(stage, queue, requests)
}

function drawSettlement({ world, deliveries, witness }: Stage, delivery: Delivery): SettleRequest {
  const action = world.pick(ACTIONS)
  const { tag, isGood } = world.chance(0.85) ? { tag: delivery.tag, isGood: true } : forge()
  const isItsQueue = (state: VhostState) => state.queueByName(delivery.queue)?.id === delivery.queueId
  const isOwn = isGood && witness.history.find(witness.promised, isItsQueue) !== undefined
  return {
    delivery,
    tag,
    isGood: isOwn,
    action,
    requeue: world.chance(0.5),
    seconds: action === 'extend' ? world.pick([1, 10, 60]) : action === 'ack' ? 0 : world.pick([0, 0, 3, 45]),
  }

  /** A tag with another letter in it, or of another queue. */
  function forge(): { tag: string; isGood: false } {
    const foreign = deliveries.find(({ queue }) => queue !== delivery.queue)
    if (foreign && world.chance(0.5)) return { tag: foreign.tag, isGood: false }
    const place = Math.floor(world.between(0, delivery.tag.length))
    const letter = delivery.tag[place] === 'A' ? 'B' : 'A'
    return { tag: delivery.tag.slice(0, place) + letter + delivery.tag.slice(place + 1), isGood: false }
  }
}

/** One that is missing, if any is. */
function drawDeclare(stage: Stage): ClientOperation {
  const { world, witness, queues } = stage
  const missing = QUEUE_NAMES.filter((name) => !witness.history.latest.queueByName(name))
  const name = world.pick(missing.length > 0 && world.chance(0.8) ? missing : QUEUE_NAMES)
  return new DeclareQueue(stage, name, queues[name] ?? {})
}

function drawBinding(stage: Stage): ClientOperation {
  const { world } = stage
  const exchange = world.pick(['fan', 'key', 'dead', 'dead-fifo'] as const)
  const queue = exchange === 'dead' ? 'd' : exchange === 'dead-fifo' ? 'g' : world.pick(QUEUE_NAMES)
  const routingKey = exchange === 'key' ? world.pick(ROUTING_KEYS) : ''
  return new ChangeBinding(stage, { exchange, queue, routingKey }, world.chance(0.65))
}

import type { VhostState } from '../../lib/topology/vhost/state.ts'
import type { SimWorld } from '../support/sim-world.ts'
import type { Profile } from './conditions.ts'
import { DEDUPLICATING } from './duplicates-book.ts'
import { Cancel } from './operations/cancel.ts'
import { Consume } from './operations/consume.ts'
import { Get } from './operations/get.ts'
import { ChangePolicy, POLICIES } from './operations/policy.ts'
import { Publish, PublishBatch } from './operations/publish.ts'
import { PublishOnce } from './operations/publish-once.ts'
import { Purge } from './operations/purge.ts'
import { Settle, type SettleRequest } from './operations/settle.ts'
import { ChangeBinding, DeclareQueue, DeleteQueue } from './operations/topology.ts'
import type { Wishes } from './promises.ts'
import { KEEPING } from './recent-book.ts'
import { ROUTING_KEYS } from './scenery.ts'
import { DELAYING } from './scheduled-book.ts'
import type { ClientOperation, Delivery, Stage } from './stage.ts'
import type { Destination } from './topology-history.ts'

const KINDS = [
  'publish',
  'once',
  'batch',
  'get',
  'settle',
  'purge',
  'delete',
  'declare',
  'binding',
  'delay',
  'cancel',
  'unique',
  'policy',
  'consume',
] as const
type Kind = (typeof KINDS)[number]

/** How often each call is made, in the order of the kinds. */
const WEIGHTS: Readonly<Record<Profile, readonly number[]>> = {
  everything: [30, 4, 6, 30, 18, 2, 3, 5, 6, 4, 2, 4, 2, 12],
  consume: [30, 4, 6, 35, 27, 1, 0.5, 0.5, 0, 1, 0.5, 1, 0, 25],
  reject: [20, 4, 2, 50, 20, 0.5, 0.5, 2, 1, 1, 0.5, 1, 1, 12],
  circles: [3, 4, 0, 90, 5, 0, 0, 0, 2, 0, 0, 0, 0, 2],
  topology: [35, 4, 5, 15, 8, 2, 8, 12, 15, 3, 1, 2, 3, 8],
  batches: [10, 4, 35, 30, 15, 2, 1, 3, 4, 1, 0, 2, 0, 10],
  delays: [8, 2, 2, 20, 8, 1, 3, 5, 6, 30, 12, 2, 1, 8],
  duplicates: [8, 2, 6, 22, 8, 2, 2, 5, 5, 2, 1, 35, 1, 6],
  policies: [25, 2, 3, 30, 14, 1, 5, 7, 3, 2, 1, 1, 12, 8],
}

/** What a client does next. */
export function nextOperation(stage: Stage, profile: Profile): ClientOperation {
  const { world } = stage
  switch (drawKind(world, WEIGHTS[profile])) {
    case 'publish':
      return new Publish(stage, { ...drawDestination(stage), ...drawWishes(world) })
    case 'once':
      return drawOnce(stage)
    case 'batch':
      return drawBatch(stage)
    case 'get':
      return drawGet(stage, profile)
    case 'settle':
      return drawSettle(stage) ?? drawGet(stage, profile)
    case 'purge':
      return new Purge(stage, world.pick(namesIn(stage)))
    case 'delete':
      return new DeleteQueue(stage, world.pick(namesIn(stage)), world.chance(0.4))
    case 'declare':
      return drawDeclare(stage)
    case 'binding':
      return drawBinding(stage)
    case 'delay':
      return drawDelayed(stage)
    case 'cancel':
      return new Cancel(stage)
    case 'unique':
      return drawUnique(stage)
    case 'policy':
      return new ChangePolicy(stage, world.pick(POLICIES), world.chance(0.65))
    case 'consume':
      return drawConsume(stage)
  }
}

function drawKind(world: SimWorld, weights: readonly number[]): Kind {
  let left = world.between(
    0,
    weights.reduce((sum, weight) => sum + weight, 0),
  )
  return (
    KINDS.find((_, index) => {
      left -= weights[index] ?? 0
      return left < 0
    }) ?? 'publish'
  )
}

const namesIn = ({ queues }: Stage): readonly string[] => Object.keys(queues)

function drawDestination(stage: Stage): Destination {
  const { world } = stage
  const choice = world.random()
  if (choice < 0.37) return { exchange: 'fan', routingKey: world.pick(ROUTING_KEYS) }
  if (choice < 0.67) return { exchange: 'key', routingKey: world.pick(ROUTING_KEYS) }
  if (choice < 0.7) return { exchange: KEEPING, routingKey: '' }
  return { exchange: '', routingKey: world.pick([...namesIn(stage), 'r', 'nobody']) }
}

function drawWishes(world: SimWorld): Wishes {
  return {
    ...(world.chance(0.3) && { priority: world.pick([0, 1, 3, 4, 9]) }),
    ...(world.chance(0.04) && { ttlMs: world.pick([1000, 5000]) }),
  }
}

/** Some within the time for which SQS delays, one beyond it. */
const DELAYS_MS = [300, 2000, 2000, 8000, 8000, 30_000, 100_000, 1_000_000] as const

function drawDelayed(stage: Stage): ClientOperation {
  const { world } = stage
  const to = { exchange: DELAYING, routingKey: world.pick(ROUTING_KEYS) }
  return new Publish(stage, { ...to, delayMs: world.pick(DELAYS_MS), ...drawWishes(world) })
}

/** With a key that is new, or that one of the last had. */
function drawUnique(stage: Stage): ClientOperation {
  const { world } = stage
  if (world.chance(0.25)) {
    const entries = [1, 2, 3].map(() => ({ routingKey: 'k1', deduplicationKey: drawKey(stage) }))
    return new PublishBatch(stage, world.pick([DEDUPLICATING, 'key']), entries)
  }
  const choice = world.random()
  const to =
    choice < 0.65
      ? { exchange: DEDUPLICATING, routingKey: '' }
      : choice < 0.85
        ? { exchange: 'key', routingKey: 'k1' }
        : { exchange: '', routingKey: 'e' }
  return new Publish(stage, { ...to, deduplicationKey: drawKey(stage), ...drawWishes(world) })
}

function drawKey({ world, keys, nextSerial }: Stage): string {
  const known = keys.length > 0 && world.chance(0.7) ? world.pick(keys.slice(-4)) : undefined
  if (known !== undefined) return known
  const key = `u${nextSerial()}`
  keys.push(key)
  return key
}

/** A new one, or one of the last again. */
function drawOnce(stage: Stage): ClientOperation {
  const { world, repeatables } = stage
  const again = repeatables.length > 0 && world.chance(0.6) ? world.pick(repeatables.slice(-3)) : undefined
  return again ? PublishOnce.again(stage, again) : PublishOnce.first(stage, drawDestination(stage))
}

function drawBatch(stage: Stage): ClientOperation {
  const { world } = stage
  const { exchange } = drawDestination(stage)
  const keys = exchange === '' ? namesIn(stage) : ROUTING_KEYS
  const count = 1 + Math.floor(world.between(0, world.pick([4, 4, 15])))
  return new PublishBatch(
    stage,
    exchange,
    Array.from({ length: count }, () => ({ routingKey: world.pick<string>(keys), ...drawWishes(world) })),
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
  const queue = rejects && world.chance(0.6) && 'r' in stage.queues ? 'r' : world.pick(namesIn(stage))
  return new Get(stage, {
    queue,
    count: world.pick([1, 1, 3, 10, 25]),
    ackMode: rejects ? 'reject_requeue_false' : world.chance(0.4) ? 'manual' : world.pick(ACK_MODES),
    // A wait for priorities is a round of looks each second, which takes the simulation long.
    waitS: world.pick(queue === 'p' ? [0, 0, 0, 1, 3] : [0, 0, 0, 1, 20]),
    visibilityS: world.pick([1, 5, 30, 60]),
  })
}

const CONSUMED = ['ack', 'ack', 'discard', 'requeue', 'release', 'reject'] as const

function drawConsume(stage: Stage): ClientOperation {
  const { world } = stage
  const queue = world.pick(namesIn(stage))
  return new Consume(stage, {
    queue,
    max: world.pick([1, 3, 10]),
    waitS: world.pick(queue === 'p' ? [0, 0, 1, 3] : [0, 1, 20]),
    visibilityS: world.pick([5, 30, 60]),
    actions: [1, 2, 3].map(() => world.pick(CONSUMED)),
    heldS: world.pick([0, 0, 1, 20]),
    isExtended: world.chance(0.5),
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
  const names = namesIn(stage)
  const missing = names.filter((name) => !witness.history.latest.queueByName(name))
  const name = world.pick(missing.length > 0 && world.chance(0.8) ? missing : names)
  return new DeclareQueue(stage, name, queues[name] ?? {})
}

function drawBinding(stage: Stage): ClientOperation {
  const { world } = stage
  const exchange = world.pick(['fan', 'key', 'dead', 'dead-fifo', DELAYING, DEDUPLICATING, KEEPING] as const)
  const queue = exchange === 'dead' ? 'd' : exchange === 'dead-fifo' ? 'g' : world.pick(namesIn(stage))
  const routingKey = exchange === 'key' || exchange === DELAYING ? world.pick(ROUTING_KEYS) : ''
  return new ChangeBinding(stage, { exchange, queue, routingKey }, world.chance(0.65))
}

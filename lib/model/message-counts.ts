/** What is counted of messages, in RabbitMQ's words (contract §1.2, `message_stats`). Stored in this order: only add at the end. */
export const COUNT_NAMES = [
  'publish',
  'confirm',
  'return_unroutable',
  'get',
  'get_no_ack',
  'get_empty',
  'deliver',
  'deliver_no_ack',
  'redeliver',
  'ack',
  'publish_in',
  'publish_out',
  'drop_unroutable',
] as const

export type CountName = (typeof COUNT_NAMES)[number]

/** How often each happened to one object: a vhost, an exchange or a queue. */
export type MessageCounts = Record<CountName, number>

export const noCounts = (): MessageCounts =>
  Object.fromEntries(COUNT_NAMES.map((name) => [name, 0])) as Record<CountName, number>

/** Adds a share of some counts, all of them by default, to others. */
export function addCounts(to: MessageCounts, from: MessageCounts, share = 1): void {
  for (const name of COUNT_NAMES) to[name] += from[name] * share
}

/** Counts of many objects. */
export interface CountedObjects {
  /** By vhost id. */
  readonly vhosts: Map<string, MessageCounts>
  /** By the id of an exchange or queue; those of a default exchange, which has none of its own, by its vhost's. */
  readonly objects: Map<string, MessageCounts>
}

export const nothingCounted = (): CountedObjects => ({ vhosts: new Map(), objects: new Map() })

/** Adds counts; what has some moves to the end, so that what comes first has had none for longest. */
export function addObjects(to: CountedObjects, from: CountedObjects, share = 1): void {
  addTo(to.vhosts, from.vhosts, share)
  addTo(to.objects, from.objects, share)
}

function addTo(to: Map<string, MessageCounts>, from: ReadonlyMap<string, MessageCounts>, share: number): void {
  for (const [id, counts] of from) {
    const sum = to.get(id) ?? noCounts()
    to.delete(id)
    to.set(id, sum)
    addCounts(sum, counts, share)
  }
}

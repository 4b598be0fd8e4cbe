import { type AmqpTable, type AmqpValue, fieldOf, isTable } from '../../model/amqp-value.ts'
import { parseDefinitions } from '../../topology/definitions/parse.ts'

/** One request's share of a definitions file: a valid file itself once the earlier ones are imported. */
export interface Part {
  readonly file: AmqpTable
  readonly count: number
}

export interface PartLimits {
  readonly maxBytes: number
  readonly maxObjects: number
}

/** A request may be 6 MB; this much is done well within the time that it may take. */
export const DEFAULT_LIMITS: PartLimits = { maxBytes: 1_000_000, maxObjects: 1000 }

/** The order in which an import makes things (contract §4.2), so that nothing is named before it is there. */
const SECTIONS = [
  'users',
  'vhosts',
  'permissions',
  'exchanges',
  'topic_permissions',
  'global_parameters',
  'policies',
  'parameters',
  'queues',
  'bindings',
] as const

/** How objects are to be read depends on who wrote the file (contract §4.2). */
const VERSIONS = ['rabbit_version', 'rabbitmq_version']

/**
 * Cuts a file that has been checked as a whole; `vhost` for one that holds a single vhost's. Bindings of queues that the
 * import passes over are left out with them: the part that holds such a binding would not know why it is in vain.
 */
export function cutDefinitions(file: AmqpTable, vhost: string | undefined, limits = DEFAULT_LIMITS): Part[] {
  const versions = VERSIONS.flatMap((name) => {
    const version = fieldOf(file, name)
    return version === undefined ? [] : [[name, version] as const]
  })
  const cutter = new Cutter(Object.fromEntries(versions), limits)
  const skipped = skippedQueues(file, vhost)
  for (const section of SECTIONS) {
    for (const object of objectsOf(file, section)) {
      if (section !== 'bindings' || !skipped.has(destinationOf(object))) cutter.add(section, object)
    }
  }
  return cutter.parts()
}

const objectsOf = (file: AmqpTable, section: string): readonly AmqpValue[] => {
  const value = fieldOf(file, section)
  return Array.isArray(value) ? value : []
}

/** A queue by vhost and name. */
const queueKey = (vhost: AmqpValue | undefined, name: AmqpValue | undefined): string =>
  JSON.stringify([vhost ?? null, name ?? null])

function skippedQueues(file: AmqpTable, vhost: string | undefined): ReadonlySet<string> {
  const skipped = objectsOf(file, 'queues').filter((queue) => {
    const { contents } = parseDefinitions({ queues: [queue] }, vhost === undefined ? {} : { vhost })
    return [...contents.values()].every(({ queues }) => queues.length === 0)
  })
  return new Set(
    skipped.map((queue) => (isTable(queue) ? queueKey(fieldOf(queue, 'vhost'), fieldOf(queue, 'name')) : '')),
  )
}

/** The queue that a binding leads to; no {@link queueKey} where it leads to none. */
function destinationOf(binding: AmqpValue): string {
  if (!isTable(binding) || fieldOf(binding, 'destination_type') !== 'queue') return ''
  return queueKey(fieldOf(binding, 'vhost'), fieldOf(binding, 'destination'))
}

/** Fills one part after the other. */
class Cutter {
  readonly #versions: AmqpTable
  readonly #limits: PartLimits
  readonly #parts: Part[] = []
  #sections = new Map<string, AmqpValue[]>()
  #count = 0
  #bytes = 0

  constructor(versions: AmqpTable, limits: PartLimits) {
    this.#versions = versions
    this.#limits = limits
  }

  add(section: string, object: AmqpValue): void {
    const bytes = Buffer.byteLength(JSON.stringify(object)) + 1
    const isFull = this.#count === this.#limits.maxObjects || this.#bytes + bytes > this.#limits.maxBytes
    if (isFull && this.#count > 0) this.#finish()
    const objects = this.#sections.get(section) ?? []
    objects.push(object)
    this.#sections.set(section, objects)
    this.#count += 1
    this.#bytes += bytes
  }

  parts(): Part[] {
    if (this.#count > 0) this.#finish()
    return this.#parts
  }

  #finish(): void {
    const file = { ...this.#versions, ...Object.fromEntries(this.#sections) }
    this.#parts.push({ file, count: this.#count })
    this.#sections = new Map()
    this.#count = 0
    this.#bytes = 0
  }
}

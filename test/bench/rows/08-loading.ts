import { gunzipSync } from 'node:zlib'
import { loadBase, saveBase } from '../../../lib/journal/base.ts'
import type { Blobs } from '../../../lib/journal/blobs.ts'
import type { Binding } from '../../../lib/model/binding.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { atMost, type Line } from '../line.ts'
import type { Row } from '../row.ts'
import { cpuMsSince, seededRandom } from '../samples.ts'

const SIZES = [100, 10_000, 100_000]
const ROUNDS = 7
const CHANGES = 500
const AT = { epoch: 'e', version: 1 }

/** A vhost with a topic exchange and a direct one, and a queue for each ten bindings: read from its base, then changed. */
export const loading: Row = {
  number: 8,
  title: 'loading a vhost',
  async measure(say) {
    const lines: Line[] = []
    for (const size of SIZES) {
      say(`${size} bindings`)
      lines.push(...(await measureSize(size)))
    }
    return lines
  },
}

async function measureSize(size: number): Promise<Line[]> {
  const stored = new Map<string, Uint8Array>()
  const blobs: Blobs = {
    put: async (key, bytes) => void stored.set(key, bytes),
    get: async (key) => stored.get(key),
  }
  await saveBase(blobs, vhostMachine, 'vhost', AT, vhostOf(size))
  const [bytes = new Uint8Array()] = stored.values()
  const times: number[] = []
  const memory: number[] = []
  const changes: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const measured = await measureOnce(blobs, size)
    times.push(measured.loadMs)
    memory.push(measured.heldBytes / 1e6)
    changes.push(measured.changeMs)
  }
  const what = `${size.toLocaleString('en-US')} bindings`
  const largest = size === SIZES.at(-1)
  const kilobytes = `base of ${Math.round(bytes.length / 1000)} KB, ${Math.round(gunzipSync(bytes).length / 1000)} KB unpacked`
  const [load, held] = [
    { work: `${what} from a base`, unit: 'ms', ours: times },
    { work: `${what} in memory`, unit: 'MB', ours: memory },
  ]
  return [
    largest ? atMost({ ...load, work: `${load.work} (${kilobytes})` }, 1500) : { ...load, goal: '' },
    largest ? atMost(held, 150) : { ...held, goal: '' },
    atMost({ work: `one change to ${what}`, unit: 'ms', ours: changes }, 1),
  ]
}

/** CPU time: one thread does all of it. */
async function measureOnce(blobs: Blobs, size: number) {
  const before = heapBytes()
  const start = process.cpuUsage()
  const state = await loadBase(blobs, vhostMachine, 'vhost', AT)
  const loadMs = cpuMsSince(start)
  const heldBytes = heapBytes() - before
  if (state?.bindingCount !== size) throw new Error(`${state?.bindingCount} bindings were loaded`)
  return { loadMs, heldBytes, changeMs: msPerChange(state) }
}

/** Binds and unbinds by turns. */
function msPerChange(state: VhostState): number {
  const start = process.cpuUsage()
  for (let change = 0; change < CHANGES; change += 1) {
    const binding = bindingOf('topic', 'queue-0', `changed.*.word${change >> 1}`)
    vhostMachine.apply(state, { type: change % 2 === 0 ? 'bound' : 'unbound', binding })
  }
  return cpuMsSince(start) / CHANGES
}

function vhostOf(size: number): VhostState {
  const state = vhostMachine.initial()
  const exchange = { durable: true, autoDelete: false, internal: false, arguments: {}, user: 'guest' }
  const exchanges = ['topic', 'direct'].map((type) => ({ ...exchange, id: type, name: type, type }))
  vhostMachine.apply(state, { type: 'vhost-opened', id: 'vhost', name: '/', exchanges })
  const queues = Math.ceil(size / 10)
  for (let index = 0; index < queues; index += 1) {
    const [id, name] = [`queue-${index}`, `service-${index}.events`]
    const queue = {
      id,
      name,
      type: 'classic',
      durable: true,
      autoDelete: false,
      arguments: {},
      user: 'guest',
      sqsQueues: [{ name: `leveret-${id}` }],
    } as const
    vhostMachine.apply(state, { type: 'queue-declared', queue })
  }
  const random = seededRandom(size)
  for (let index = 0; index < size; index += 1) {
    const wildcard = random() < 0.2 ? '.*' : ''
    const key = `region${index % 7}.entity${index % 211}.event${index}${wildcard}`
    const binding = bindingOf(index % 2 === 0 ? 'topic' : 'direct', `queue-${index % queues}`, key)
    vhostMachine.apply(state, { type: 'bound', binding })
  }
  return state
}

const bindingOf = (sourceId: string, queue: string, routingKey: string): Binding => ({
  sourceId,
  destination: { type: 'queue', id: queue },
  routingKey,
  arguments: {},
})

/** What is held, after the collector has run (`--expose-gc`). */
function heapBytes(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

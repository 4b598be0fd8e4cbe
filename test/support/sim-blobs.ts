import type { Blobs } from '../../lib/journal/blobs.ts'
import type { SimProcess } from './sim-process.ts'

/** Objects that take time to write and to read, and of which some are lost and some damaged. */
export class SimBlobs implements Blobs {
  readonly #process: SimProcess
  readonly #objects: Map<string, Uint8Array>
  readonly #lossShare: number

  constructor(process: SimProcess, objects: Map<string, Uint8Array>, lossShare = 0) {
    this.#process = process
    this.#objects = objects
    this.#lossShare = lossShare
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#pause()
    const { world } = this.#process
    if (world.chance(this.#lossShare)) this.#objects.set(key, bytes.slice(0, bytes.length / 2))
    else if (!world.chance(this.#lossShare)) this.#objects.set(key, bytes)
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#pause()
    return this.#objects.get(key)
  }

  #pause(): Promise<void> {
    const { world } = this.#process
    return new Promise((resolve) => world.after(world.between(0, 20), () => this.#process.deliver(resolve)))
  }
}

import type { Clock } from '../../lib/journal/clock.ts'
import type { SimWorld } from './sim-world.ts'

/**
 * An environment that can be frozen (its monotonic clock and timers stand still, answers wait, its wall clock goes on),
 * whose wall clock can be stepped, and that can crash (nothing it awaits ever happens).
 */
export class SimProcess implements Clock {
  readonly world: SimWorld
  #wallOffsetMs: number
  #frozenSinceMs: number | undefined
  #frozenForMs = 0
  #onThaw: (() => void)[] = []
  #hasCrashed = false

  constructor(world: SimWorld) {
    this.world = world
    // No two environments' clocks agree.
    this.#wallOffsetMs = 1_700_000_000_000 + world.between(-3_600_000, 3_600_000)
  }

  get hasCrashed(): boolean {
    return this.#hasCrashed
  }

  wallMs(): number {
    return Math.floor(this.world.nowMs + this.#wallOffsetMs)
  }

  monotonicMs(): number {
    return (this.#frozenSinceMs ?? this.world.nowMs) - this.#frozenForMs
  }

  random(): number {
    return this.world.random()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const untilMs = this.monotonicMs() + ms
    return new Promise((resolve, reject) => {
      const wake = () => {
        const leftMs = untilMs - this.monotonicMs()
        if (leftMs > 1e-6) this.world.after(leftMs, () => this.deliver(wake))
        else resolve()
      }
      this.world.after(Math.max(0, ms), () => this.deliver(wake))
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  }

  /** Something reaches the process: now, when it thaws, or never. */
  deliver(arrive: () => void): void {
    if (this.#hasCrashed) return
    if (this.#frozenSinceMs === undefined) arrive()
    else this.#onThaw.push(arrive)
  }

  /** False where it is frozen already. */
  freeze(forMs: number): boolean {
    if (this.#frozenSinceMs !== undefined) return false
    this.#frozenSinceMs = this.world.nowMs
    this.world.after(forMs, () => this.#thaw())
    return true
  }

  #thaw(): void {
    this.#frozenForMs += this.world.nowMs - (this.#frozenSinceMs ?? this.world.nowMs)
    this.#frozenSinceMs = undefined
    const arrivals = this.#onThaw
    this.#onThaw = []
    for (const arrive of arrivals) this.world.after(this.world.between(0, 1), () => this.deliver(arrive))
  }

  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  crash(): void {
    this.#hasCrashed = true
    this.#onThaw = []
  }
}

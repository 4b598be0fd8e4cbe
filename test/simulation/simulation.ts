import { Run, type RunOptions, type RunReport } from './run-of-seed.ts'
import { seedCrypto } from './seeded-crypto.ts'

export type { RunOptions, RunReport } from './run-of-seed.ts'

/** A run that broke a promise, with everything that it takes to see it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure'
  readonly seed: number
  readonly steps: readonly string[]
  /** How many calls clients had made. */
  readonly operations: number

  constructor(seed: number, run: Pick<SimulationFailure, 'steps' | 'operations'>, cause: unknown) {
    super(`seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause })
    this.seed = seed
    this.steps = run.steps
    this.operations = run.operations
  }
}

/** One history of a broker under faults. The same seed gives the same history. Throws {@link SimulationFailure}. */
export async function simulate(seed: number, options: RunOptions = {}): Promise<RunReport> {
  const unseedCrypto = seedCrypto(seed)
  // What fails on the way is logged by the broker, and is no news here.
  const { write } = process.stderr
  process.stderr.write = () => true
  const run = new Run(seed, options)
  try {
    return await run.play()
  } catch (error) {
    throw new SimulationFailure(seed, run, error)
  } finally {
    process.stderr.write = write
    unseedCrypto()
  }
}

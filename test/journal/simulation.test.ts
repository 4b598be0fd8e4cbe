import { describe, expect, it } from 'vitest'
import { SimCluster } from '../support/sim-cluster.ts'

/** More seeds for a long run: `SIM_SEEDS=5000`; one again: `SIM_FIRST_SEED=1234 SIM_SEEDS=1`. */
const SEED_COUNT = Number(process.env.SIM_SEEDS ?? 300)
const FIRST_SEED = Number(process.env.SIM_FIRST_SEED ?? 1)

describe('many environments under faults', () => {
  it('keep every promise, whatever the seed', { timeout: 600_000 }, async () => {
    const totals: Record<string, number> = {}
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed += 1) {
      const report = await new SimCluster(seed).run().catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
      })
      for (const [name, count] of Object.entries(report)) totals[name] = (totals[name] ?? 0) + count
    }
    console.log(totals)
    for (const count of Object.values(totals)) expect(count).toBeGreaterThan(0)
  })
})

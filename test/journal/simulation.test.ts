import { describe, expect, it } from 'vitest'
import { type RunReport, SimCluster } from '../support/sim-cluster.ts'

/** More seeds for a long run: `SIM_SEEDS=5000`; one of them again: `SIM_FIRST_SEED=1234 SIM_SEEDS=1`. */
const SEED_COUNT = Number(process.env.SIM_SEEDS ?? 300)
const FIRST_SEED = Number(process.env.SIM_FIRST_SEED ?? 1)

describe('many environments under faults', () => {
  const reports: RunReport[] = []

  it('keep every promise, whatever the seed', { timeout: 600_000 }, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEED_COUNT; seed += 1) {
      const report = await new SimCluster(seed).run().catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error })
      })
      reports.push(report)
    }
  })

  it.runIf(SEED_COUNT >= 300)('met everything that the promises are about', () => {
    const total = (name: keyof RunReport) => reports.reduce((sum, report) => sum + report[name], 0)
    expect(total('commits')).toBeGreaterThan(1000)
    expect(total('noOps')).toBeGreaterThan(1000)
    expect(total('refusals')).toBeGreaterThan(1000)
    expect(total('views')).toBeGreaterThan(10_000)
    expect(total('crashes')).toBeGreaterThan(100)
    expect(total('bases')).toBeGreaterThan(100)
    expect(total('unavailable')).toBeGreaterThan(0)
  })
})

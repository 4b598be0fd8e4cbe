import { parseArgs } from 'node:util'
import { type RunReport, SimulationFailure, simulate } from './simulation.ts'

/**
 * `npm run simulate -- --seeds N [--from S] [--steps]`: N histories one after the other. A seed that fails is told with the
 * shortest beginning of it that still fails, step by step; it is the same whenever it is run again.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    from: { type: 'string', default: '1' },
    /** Shows the steps of runs that pass, too. */
    steps: { type: 'boolean', default: false },
  },
})
const from = wholeNumber('--from', values.from)
const last = from + wholeNumber('--seeds', values.seeds) - 1

const PROGRESS_MS = 10_000

const totals = new Map<string, number>()
let failures = 0
let toldMs = performance.now()
const startMs = toldMs
const seconds = (): string => ((performance.now() - startMs) / 1000).toFixed(0)
for (let seed = from; seed <= last; seed += 1) {
  try {
    add(await simulate(seed, { onStep: values.steps ? console.log : undefined }))
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error
    failures += 1
    await tell(error)
  }
  if (performance.now() - toldMs < PROGRESS_MS) continue
  toldMs = performance.now()
  console.log(`${seed - from + 1} of ${last - from + 1} runs, ${failures} failures, ${seconds()} s`)
}
console.log(`${last - from + 1} runs from seed ${from}, ${failures} failures, ${seconds()} s`)
console.log(Object.fromEntries(totals))
process.exitCode = failures > 0 ? 1 : 0

function add(report: RunReport): void {
  for (const [name, count] of Object.entries(report)) {
    const total = totals.get(name) ?? 0
    totals.set(name, name.startsWith('longest') ? Math.max(total, count) : total + count)
  }
}

async function tell(failure: SimulationFailure): Promise<void> {
  const { seed, message, steps } = await shortest(failure)
  console.log(`\n${message}\n${steps.join('\n')}\nagain: npm run simulate -- --seeds 1 --from ${seed}\n`)
}

/** What clients do later changes nothing of what was before, so halving finds how many calls it takes. */
async function shortest(failure: SimulationFailure): Promise<SimulationFailure> {
  let found = failure
  let [passes, fails] = [0, failure.operations]
  while (passes + 1 < fails) {
    const maxOperations = Math.floor((passes + fails) / 2)
    const again = await simulate(failure.seed, { maxOperations }).catch((error: unknown) => error)
    if (again instanceof SimulationFailure) [found, fails] = [again, maxOperations]
    else passes = maxOperations
  }
  return found
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  console.error(`${name} is '${text}': it must be a whole number above 0`)
  process.exit(2)
}

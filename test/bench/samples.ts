/** What one measure gave, round by round. */
export type Samples = readonly number[]

export const median = (samples: Samples): number => quantile(samples, 0.5)

/** Linear between the two nearest. */
export function quantile(samples: Samples, share: number): number {
  const sorted = samples.toSorted((left, right) => left - right)
  const place = (sorted.length - 1) * share
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN]
  return below + (above - below) * (place % 1)
}

/**
 * Measures several sides by turns (A B A B …), so that what the machine does beside meets all of them alike. The first
 * round warms up and is thrown away.
 */
export async function interleaved<Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, () => number | Promise<number>>>,
): Promise<Record<Side, number[]>> {
  const names = Object.keys(sides) as Side[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Side, number[]>
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const figure = await sides[name]()
      if (round > 0) samples[name].push(figure)
    }
  }
  return samples
}

/**
 * Nanoseconds of CPU per call of what is too short to be timed by itself: calls it for `minMs`, each time with the next
 * number. All threads of the process count, the garbage collector's among them; what else the machine does is left out.
 */
export function nanosecondsPerCall(work: (index: number) => void, minMs = 60): number {
  let calls = 0
  let chunk = 1
  const start = process.cpuUsage()
  for (;;) {
    for (let index = 0; index < chunk; index += 1) work(calls + index)
    calls += chunk
    const spentMs = cpuMsSince(start)
    if (spentMs >= minMs) return (spentMs * 1e6) / calls
    if (spentMs < minMs / 8) chunk *= 2
  }
}

/** Milliseconds of CPU that this process took since `start`, all threads together. */
export function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** Milliseconds that some work takes. */
export async function millisecondsOf(work: () => unknown): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

/** A generator of numbers in [0, 1) that is the same each time (mulberry32), so that runs measure the same work. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

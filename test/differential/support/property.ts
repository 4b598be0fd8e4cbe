import fc from 'fast-check'
import { expect } from 'vitest'
import { NoAnswer } from './broker.ts'
import { referenceName } from './pair.ts'

export interface PropertyOptions {
  readonly runs: number
  readonly seed?: number
  /** fast-check's path to one case of the seed. */
  readonly path?: string
  /** Shrinking asks two brokers at every attempt, so it stops after this long with the smallest case so far. */
  readonly shrinkLimitMs: number
}

/** A property's smallest failing case, and how to get at it again. */
export interface Failure {
  readonly seed: number
  readonly path: string
  readonly error: Error
}

/**
 * Runs a property over generated cases; call it in a test. `DIFFERENTIAL_SEED`, `DIFFERENTIAL_RUNS` (else `runs`) and
 * `DIFFERENTIAL_PATH` come from the environment; without a seed every run explores anew. Throws an error that holds the
 * smallest failing case's own report, its seed and path.
 */
export async function checkProperty<T>(
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  { runs }: { readonly runs: number },
): Promise<void> {
  const { DIFFERENTIAL_SEED: seed, DIFFERENTIAL_PATH: path, DIFFERENTIAL_RUNS: given } = process.env
  const failure = await findSmallestFailure(arbitrary, check, {
    runs: given === undefined ? runs : Number.parseInt(given, 10),
    shrinkLimitMs: 60_000,
    ...(seed === undefined ? {} : { seed: Number.parseInt(seed, 10) }),
    ...(path === undefined ? {} : { path }),
  })
  if (failure === undefined) return
  throw new Error(`${failure.error.message}\n\n${describeReplay(failure)}`, { cause: failure.error })
}

function describeReplay({ seed, path }: Failure): string {
  const { testPath = '', currentTestName = '' } = expect.getState()
  const file = testPath.slice(testPath.lastIndexOf('/') + 1)
  const name = currentTestName.slice(currentTestName.lastIndexOf(' > ') + 3)
  return [
    `Seed ${seed}, path ${path}. This case alone again:`,
    `DIFFERENTIAL_SEED=${seed} DIFFERENTIAL_PATH=${path} npm run test:differential -- ${file} -t '${name}'`,
  ].join('\n')
}

/** Runs a property and shrinks its first failing case; undefined when every case passes. */
export async function findSmallestFailure<T>(
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  { runs, seed, path, shrinkLimitMs }: PropertyOptions,
): Promise<Failure | undefined> {
  let firstFailureAt: number | undefined
  const property = fc.asyncProperty(arbitrary, async (value) => {
    if (firstFailureAt !== undefined && performance.now() - firstFailureAt > shrinkLimitMs) return
    try {
      await withSecondTry(check, value)
    } catch (error) {
      firstFailureAt ??= performance.now()
      throw error
    }
  })
  const details = await fc.check(property, {
    numRuns: path === undefined ? runs : 1,
    endOnFailure: path !== undefined || shrinkLimitMs === 0,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  })
  if (!details.failed) return undefined
  const cause: unknown = details.errorInstance
  const error = cause instanceof Error ? cause : new Error(String(cause))
  return { seed: details.seed, path: details.counterexamplePath ?? '', error }
}

/**
 * RabbitMQ 3.10.8 leaves about one publish in 50,000 unanswered for ever. A case in which the reference was silent says
 * nothing, so it is tried once more.
 */
async function withSecondTry<T>(check: (value: T) => Promise<void>, value: T): Promise<void> {
  try {
    await check(value)
  } catch (error) {
    if (!(error instanceof NoAnswer) || error.brokerName !== referenceName) throw error
    await check(value)
  }
}

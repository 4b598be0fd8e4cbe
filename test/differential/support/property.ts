import fc from 'fast-check'
import { expect } from 'vitest'
import { NoAnswer } from './broker.ts'
import { type Droppable, minimise } from './minimise.ts'
import { referenceName } from './pair.ts'

export interface Property<T> {
  readonly arbitrary: fc.Arbitrary<T>
  /** Throws when a case fails. */
  check(value: T): Promise<void>
  /** What a failing case may do without. */
  readonly droppable: readonly Droppable<T>[]
}

export interface RunOptions {
  readonly runs: number
  readonly seed?: number
  /** fast-check's path to one case of the seed: that case alone is run. */
  readonly path?: string
  readonly minimiseLimitMs: number
}

/** A property's failing case, made as small as it can be, and how to get at it again. */
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
export async function checkProperty<T>(property: Property<T>, { runs }: { readonly runs: number }): Promise<void> {
  const { DIFFERENTIAL_SEED: seed, DIFFERENTIAL_PATH: path, DIFFERENTIAL_RUNS: given } = process.env
  const failure = await findFailure(property, {
    runs: given === undefined ? runs : Number.parseInt(given, 10),
    minimiseLimitMs: 60_000,
    ...(seed === undefined ? {} : { seed: Number.parseInt(seed, 10) }),
    ...(path === undefined ? {} : { path }),
  })
  if (failure === undefined) return
  throw new Error(`${failure.error.message}\n\n${describeReplay(failure)}`, { cause: failure.error })
}

/** Runs a property; undefined when every case passes. fast-check generates, `minimise` makes the failing case small. */
export async function findFailure<T>(property: Property<T>, options: RunOptions): Promise<Failure | undefined> {
  const { runs, seed, path, minimiseLimitMs } = options
  const failureOf = (value: T) => failureOfCase(property, value)
  const cases = fc.asyncProperty(property.arbitrary, async (value) => {
    const error = await failureOf(value)
    if (error !== undefined) throw error
  })
  const details = await fc.check(cases, {
    numRuns: path === undefined ? runs : 1,
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  })
  if (!details.failed) return undefined
  const error = errorOf(details.errorInstance)
  const at = { seed: details.seed, path: details.counterexamplePath ?? '' }
  if (details.counterexample === null) return { ...at, error }
  const [value] = details.counterexample
  const deadline = performance.now() + minimiseLimitMs
  return { ...at, error: (await minimise({ value, error }, property.droppable, failureOf, deadline)).error }
}

/**
 * RabbitMQ 3.10.8 leaves about one publish in 50,000 unanswered for ever. A case in which the reference was silent says
 * nothing, so it is tried once more.
 */
async function failureOfCase<T>({ check }: Property<T>, value: T): Promise<Error | undefined> {
  try {
    await check(value).catch((error: unknown) => {
      if (!(error instanceof NoAnswer) || error.brokerName !== referenceName) throw error
      return check(value)
    })
    return undefined
  } catch (error) {
    return errorOf(error)
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
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

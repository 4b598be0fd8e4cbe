import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bootstrap, deploy, destroy, openBroker, type Site } from './deployment.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { rememberInventory } from './inventory.ts'
import { DIRECTORY } from './site.ts'
import { SKIPPED_FILES, SKIPPED_OF_SQS, SKIPPED_TESTS, testNamePattern } from './skipped.ts'

/*
 * Deploys the broker to LocalStack and runs the integration suite against it, through API Gateway: npm run test:localstack.
 * Arguments are files of the suite; without any, all of it.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const startedMs = Date.now()
const say = (text: string): void => console.log(`\n== ${text} (${Math.round((Date.now() - startedMs) / 1000)} s)`)

/** What the files of the suite find in their environment. */
type SuiteEnvironment = Readonly<Record<string, string>>

/** In this order: what expects that only the predefined is there, and what counts all there is while nobody makes more. */
const FIRST = ['test/integration/definitions.test.ts', 'test/integration/lists.test.ts']
/** What changes the deployment and takes it away goes last. */
const LAST = 'test/localstack/stories/life-cycle.test.ts'
/** Of the others. They wait more than they compute: for leases, for long polls, for the relay. */
const FILES_AT_ONCE = 3

const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort(new Error(name)))

interface Files {
  /** Beginnings of paths. */
  readonly paths: readonly string[]
  /** Ends of paths. */
  readonly leftOut?: readonly string[]
  readonly atOnce?: number
}

/** Whether the files passed. */
async function runStories(env: SuiteEnvironment, { paths, leftOut = [], atOnce = 1 }: Files): Promise<boolean> {
  interrupt.signal.throwIfAborted()
  const options = [
    ...['--config', 'test/vitest.config.ts', '--project', 'localstack', '--maxWorkers', String(atOnce)],
    ...['--testNamePattern', testNamePattern()],
    ...leftOut.flatMap((file) => ['--exclude', `**/${file}`]),
  ]
  const child = spawn('vitest', ['run', ...options, ...paths], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    signal: interrupt.signal,
  })
  const [status] = await once(child, 'close')
  return status === 0
}

async function runSuite(env: SuiteEnvironment): Promise<boolean> {
  const skipped = { ...SKIPPED_FILES, ...SKIPPED_TESTS, ...SKIPPED_OF_SQS }
  for (const [what, why] of Object.entries(skipped)) console.log(`left out: ${what}: ${why}`)
  const others = ['test/integration/', 'test/localstack/stories/']
  const leftOut = [...FIRST, LAST, ...Object.keys(SKIPPED_FILES)]
  const steps: readonly Files[] = [
    ...FIRST.map((path) => ({ paths: [path] })),
    { paths: others, leftOut, atOnce: FILES_AT_ONCE },
    { paths: [LAST] },
  ]
  let hasPassed = true
  for (const files of steps) hasPassed = (await runStories(env, files)) && hasPassed
  return hasPassed
}

async function run(endpoint: Endpoint, files: readonly string[]): Promise<boolean> {
  const site: Site = { ...endpoint, directory: mkdtempSync(join(tmpdir(), 'leveret-localstack-')) }
  try {
    say('deploy')
    const { signal } = interrupt
    await bootstrap({ ...site, signal })
    await rememberInventory(site)
    await deploy({ ...site, signal })
    const { url, username, password, sqsEndpoint } = await openBroker(site)
    say(`suite at ${url}`)
    const broker = { LEVERET_URL: url, LEVERET_USER: username, LEVERET_PASSWORD: password }
    const env = { ...endpoint.env, ...broker, LEVERET_SQS_ENDPOINT: sqsEndpoint, [DIRECTORY]: site.directory }
    return await (files.length > 0 ? runStories(env, { paths: files }) : runSuite(env))
  } finally {
    if (endpoint.isBorrowed) await destroy(site)
    rmSync(site.directory, { recursive: true, force: true })
  }
}

async function main(): Promise<boolean> {
  say('LocalStack')
  const endpoint = await openEndpoint(process.env.AWS_ENDPOINT_URL)
  try {
    return await run(endpoint, process.argv.slice(2))
  } finally {
    endpoint.stop()
  }
}

const passed = await main().catch((error: Error) => {
  console.error(error.message)
  return false
})
say(passed ? 'passed' : 'failed')
process.exitCode = passed ? 0 : 1

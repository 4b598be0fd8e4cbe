import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Deployed, deploy, destroy } from './deployment.ts'
import { type Endpoint, openEndpoint } from './endpoint.ts'
import { SKIPPED_FILES, SKIPPED_TESTS, testNamePattern } from './skipped.ts'

/*
 * Deploys the broker to LocalStack and runs the integration suite against it, through API Gateway: npm run test:localstack.
 * Arguments are files of the suite; without any, all of it.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const startedMs = Date.now()
const say = (text: string): void => console.log(`\n== ${text} (${Math.round((Date.now() - startedMs) / 1000)} s)`)

/** Whether the files passed. */
function runStories(deployed: Deployed, files: readonly string[], skipped: readonly string[] = []): boolean {
  const excluded = skipped.flatMap((file) => ['--exclude', `**/${file}`])
  const settings = [
    '--config',
    'test/vitest.config.ts',
    '--project',
    'localstack',
    '--testNamePattern',
    testNamePattern(),
  ]
  const { status } = spawnSync('vitest', ['run', ...settings, ...excluded, ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...deployed.env },
  })
  return status === 0
}

/** What counts users or expects the predefined ones only goes first, while the broker is new. */
const FIRST = 'definitions.test.ts'

function runSuite(deployed: Deployed): boolean {
  for (const [what, why] of Object.entries({ ...SKIPPED_FILES, ...SKIPPED_TESTS })) say(`left out: ${what}: ${why}`)
  const outcomes = [
    runStories(deployed, [`test/integration/${FIRST}`]),
    runStories(deployed, ['test/integration/'], [FIRST, ...Object.keys(SKIPPED_FILES)]),
    runStories(deployed, ['test/localstack/']),
  ]
  return outcomes.every(Boolean)
}

async function run(endpoint: Endpoint, files: readonly string[]): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'leveret-localstack-'))
  try {
    say('deploy')
    const deployed = await deploy(endpoint, directory)
    say(`suite at ${deployed.env.LEVERET_URL}`)
    const passed = files.length > 0 ? runStories(deployed, files) : runSuite(deployed)
    if (endpoint.isBorrowed) destroy(endpoint, directory)
    return passed
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

// Whoever interrupts this interrupts what it runs as well; what it started is ended all the same.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => say(signal))

say('LocalStack')
const endpoint = await openEndpoint(process.env.AWS_ENDPOINT_URL)
try {
  const passed = await run(endpoint, process.argv.slice(2))
  say(passed ? 'passed' : 'failed')
  process.exitCode = passed ? 0 : 1
} finally {
  endpoint.stop()
}

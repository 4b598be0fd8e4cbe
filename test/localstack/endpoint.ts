import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A LocalStack to deploy to, and how to end it where it was started here. */
export interface Endpoint {
  /** Variables for the CDK's command line and for AWS SDKs. */
  readonly env: Readonly<Record<string, string>>
  readonly url: string
  /** Whether what is deployed has to be taken away again. */
  readonly isBorrowed: boolean
  stop(): void
}

const IMAGE = 'localstack/localstack:4.14.0'
const CONTAINER = 'leveret-test'
const DOCKER_PORT = 4566
const START_DEADLINE_MS = 180_000
const SCRIPTS = fileURLToPath(new URL('../../../shared/localstack/', import.meta.url))

const CREDENTIALS = {
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  CDK_DEFAULT_ACCOUNT: '000000000000',
  CDK_DEFAULT_REGION: 'us-east-1',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
} as const

const environmentOf = (url: string) => ({ ...CREDENTIALS, AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_S3: url })

/** The one that AWS_ENDPOINT_URL names; else the script beside the project; else Docker; else an error that says what to type. */
export async function openEndpoint(givenUrl: string | undefined): Promise<Endpoint> {
  if (givenUrl) return borrowed(givenUrl)
  if (existsSync(`${SCRIPTS}up`)) return started()
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0) return inDocker()
  throw new Error(
    'There is no LocalStack to test with. Start Docker, or start LocalStack yourself and name it:\n' +
      `  docker run -d -p 4566:4566 -e LAMBDA_IGNORE_ARCHITECTURE=1 -v /var/run/docker.sock:/var/run/docker.sock ${IMAGE}\n` +
      '  AWS_ENDPOINT_URL=http://127.0.0.1:4566 npm run test:localstack',
  )
}

async function borrowed(url: string): Promise<Endpoint> {
  if (!(await isHealthy(url))) throw new Error(`AWS_ENDPOINT_URL is ${url}, where no LocalStack answers`)
  return { url, env: environmentOf(url), isBorrowed: true, stop: () => undefined }
}

function started(): Endpoint {
  const { status, stdout } = spawnSync(`${SCRIPTS}up`, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const url = /AWS_ENDPOINT_URL=(\S+)/.exec(stdout ?? '')?.[1]
  if (status !== 0 || url === undefined) throw new Error(`${SCRIPTS}up did not start LocalStack`)
  const stop = () => void spawnSync(`${SCRIPTS}down`, { stdio: 'inherit' })
  return { url, env: environmentOf(url), isBorrowed: false, stop }
}

async function inDocker(): Promise<Endpoint> {
  const url = `http://127.0.0.1:${DOCKER_PORT}`
  const stop = () => void spawnSync('docker', ['rm', '--force', CONTAINER], { stdio: 'ignore' })
  stop()
  const options = ['--detach', '--name', CONTAINER, '--publish', `127.0.0.1:${DOCKER_PORT}:4566`]
  // Functions are made for arm64; here they run on whatever the machine has.
  const settings = ['--env', 'LAMBDA_IGNORE_ARCHITECTURE=1', '--volume', '/var/run/docker.sock:/var/run/docker.sock']
  const { status } = spawnSync('docker', ['run', ...options, ...settings, IMAGE], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error(`docker could not run ${IMAGE}`)
  const deadlineMs = Date.now() + START_DEADLINE_MS
  while (!(await isHealthy(url))) {
    if (Date.now() < deadlineMs) continue
    stop()
    throw new Error(`${IMAGE} does not answer at ${url}`)
  }
  return { url, env: environmentOf(url), isBorrowed: false, stop }
}

/** Waits a little for an answer, so that asking again and again is no busy loop. */
async function isHealthy(url: string): Promise<boolean> {
  const [answer] = await Promise.all([
    fetch(`${url}/_localstack/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 250)),
  ])
  return answer?.ok === true
}

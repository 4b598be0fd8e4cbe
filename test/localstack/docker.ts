import { spawnSync } from 'node:child_process'
import { isHealthy } from './health.ts'
import { SETTINGS } from './settings.ts'

/** The last that runs without an account. */
export const IMAGE = 'localstack/localstack:4.14.0'
const CONTAINER = 'leveret-test'
const PORT = 4566
/** The image may have to be fetched before; this is for LocalStack alone. */
const START_DEADLINE_MS = 180_000

export const hasDocker = (): boolean => spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0

/** What `docker` is told; LocalStack starts a container of its own for each function, beside this one. */
const RUN = [
  ...['run', '--detach', '--name', CONTAINER, '--publish', `127.0.0.1:${PORT}:4566`],
  // Functions are made for arm64; here they run on whatever the machine has.
  ...['--env', 'LAMBDA_IGNORE_ARCHITECTURE=1'],
  ...Object.entries(SETTINGS).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ...['--volume', '/var/run/docker.sock:/var/run/docker.sock'],
  IMAGE,
]

/** A fresh LocalStack; one that an earlier run left behind is removed first. */
export async function runInDocker(): Promise<{ readonly url: string; stop(): void }> {
  const url = `http://127.0.0.1:${PORT}`
  const stop = () => void spawnSync('docker', ['rm', '--force', CONTAINER], { stdio: 'ignore' })
  stop()
  const { status } = spawnSync('docker', RUN, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`docker could not run ${IMAGE}`)
  const deadlineMs = Date.now() + START_DEADLINE_MS
  while (!(await isHealthy(url))) {
    if (Date.now() < deadlineMs) continue
    stop()
    throw new Error(`${IMAGE} does not answer at ${url}`)
  }
  return { url, stop }
}

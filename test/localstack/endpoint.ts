import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { credentials, region } from './aws-calls.ts'
import { hasDocker, IMAGE, runInDocker } from './docker.ts'
import { isHealthy } from './health.ts'
import { SETTINGS } from './settings.ts'

/** A LocalStack to deploy to, and how to end it where it was started here. */
export interface Endpoint {
  /** Variables for the CDK's command line and for AWS SDKs. */
  readonly env: Readonly<Record<string, string>>
  readonly url: string
  /** Whether what is deployed has to be taken away again. */
  readonly isBorrowed: boolean
  stop(): void
}

/** Where a LocalStack comes from, in the order of preference. */
export type Source =
  | { readonly kind: 'given'; readonly url: string }
  | { readonly kind: 'scripts' }
  | { readonly kind: 'docker' }

/** What this machine could take a LocalStack from; asked in this order, and no further than needed. */
export interface Sources {
  readonly givenUrl: string | undefined
  hasScripts(): boolean
  hasDocker(): boolean
}

/** The one that AWS_ENDPOINT_URL names; else the scripts beside the project; else Docker; else an error that says what to type. */
export function chooseSource({ givenUrl, hasScripts, hasDocker }: Sources): Source {
  if (givenUrl) return { kind: 'given', url: givenUrl }
  if (hasScripts()) return { kind: 'scripts' }
  if (hasDocker()) return { kind: 'docker' }
  throw new Error(
    'There is no LocalStack to test with. Start Docker, or start LocalStack yourself and name it:\n' +
      `  docker run -d -p 127.0.0.1:4566:4566 -e LAMBDA_IGNORE_ARCHITECTURE=1 -v /var/run/docker.sock:/var/run/docker.sock ${IMAGE}\n` +
      '  AWS_ENDPOINT_URL=http://127.0.0.1:4566 npm run test:localstack',
  )
}

const SCRIPTS = fileURLToPath(new URL('../../../shared/localstack/', import.meta.url))

export async function openEndpoint(givenUrl: string | undefined): Promise<Endpoint> {
  const source = chooseSource({ givenUrl, hasScripts: () => existsSync(`${SCRIPTS}up`), hasDocker })
  if (source.kind === 'given') return borrowed(source.url)
  const { url, stop } = source.kind === 'scripts' ? runScripts() : await runInDocker()
  return { url, env: environmentOf(url), isBorrowed: false, stop }
}

async function borrowed(givenUrl: string): Promise<Endpoint> {
  const url = givenUrl.replace(/\/+$/, '')
  if (!(await isHealthy(url))) throw new Error(`AWS_ENDPOINT_URL is ${givenUrl}, where no LocalStack answers`)
  return { url, env: environmentOf(url), isBorrowed: true, stop: () => undefined }
}

function runScripts(): Pick<Endpoint, 'url' | 'stop'> {
  const { status, stdout } = spawnSync(`${SCRIPTS}up`, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...SETTINGS },
  })
  const url = /AWS_ENDPOINT_URL=(\S+)/.exec(stdout ?? '')?.[1]
  if (status !== 0 || url === undefined) throw new Error(`${SCRIPTS}up did not start LocalStack`)
  return { url, stop: () => void spawnSync(`${SCRIPTS}down`, { stdio: 'inherit' }) }
}

/** The CDK's command line takes account and region for known where it is told them. */
const environmentOf = (url: string) => ({
  AWS_ENDPOINT_URL: url,
  AWS_ENDPOINT_URL_S3: url,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  CDK_DEFAULT_ACCOUNT: '000000000000',
  CDK_DEFAULT_REGION: region,
  CDK_DISABLE_CLI_TELEMETRY: 'true',
})

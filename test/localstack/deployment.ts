import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { callApi } from '../support/embedded.ts'
import type { Endpoint } from './endpoint.ts'

/** A broker on LocalStack, as `test/support/deployed.ts` reads it. */
export interface Deployed {
  readonly env: Readonly<
    Record<
      | 'LEVERET_URL'
      | 'LEVERET_USER'
      | 'LEVERET_PASSWORD'
      | 'LEVERET_SQS_ENDPOINT'
      | 'LEVERET_NAME_PREFIX'
      | 'LEVERET_TOPOLOGY_TABLE',
      string
    >
  >
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LEASE_MS = 100
const CONTEXT = ['--context', `leveret:leaseMs=${LEASE_MS}`, '--context', 'leveret:removalPolicy=destroy']
/** As the embedded cloud has it, so that the same stories can be told. */
const GUEST = { username: 'guest', password: 'guest' }

function cdk(endpoint: Endpoint, directory: string, ...args: string[]): void {
  const { status } = spawnSync(
    'cdk',
    [...args, '--output', join(directory, 'cdk.out'), '--progress', 'events', '--ci'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...endpoint.env },
    },
  )
  if (status !== 0) throw new Error(`cdk ${args[0]} failed`)
}

interface Outputs {
  readonly Leveret: {
    readonly Url: string
    readonly AdministratorCommand: string
    readonly NamePrefix: string
    readonly TopologyTable: string
  }
}

/** Bootstraps LocalStack for the CDK and deploys the app with what `directory` has room for. */
export async function deploy(endpoint: Endpoint, directory: string): Promise<Deployed> {
  const outputsFile = join(directory, 'outputs.json')
  cdk(endpoint, directory, 'bootstrap', 'aws://000000000000/us-east-1')
  cdk(endpoint, directory, 'deploy', '--require-approval', 'never', '--outputs-file', outputsFile, ...CONTEXT)
  const { Leveret: outputs } = JSON.parse(readFileSync(outputsFile, 'utf8')) as Outputs
  const url = urlOf(endpoint, outputs)
  await replaceAdministrator(url, await readAdministrator(endpoint, outputs))
  return {
    env: {
      LEVERET_URL: url,
      LEVERET_USER: GUEST.username,
      LEVERET_PASSWORD: GUEST.password,
      LEVERET_SQS_ENDPOINT: endpoint.url,
      LEVERET_NAME_PREFIX: outputs.NamePrefix,
      LEVERET_TOPOLOGY_TABLE: outputs.TopologyTable,
    },
  }
}

export const destroy = (endpoint: Endpoint, directory: string): void =>
  cdk(endpoint, directory, 'destroy', '--force', ...CONTEXT)

/** `https://ID.execute-api.…/STAGE` under the endpoint's own address, where no name has to be resolved. */
function urlOf({ url }: Endpoint, outputs: Outputs['Leveret']): string {
  const [, apiId, stage] = /^https:\/\/([^.]+)\.execute-api\.[^/]+\/([^/]+)/.exec(outputs.Url) ?? []
  if (apiId === undefined || stage === undefined) throw new Error(`the API is at ${outputs.Url}`)
  return `${url}/_aws/execute-api/${apiId}/${stage}`
}

type Login = typeof GUEST

/** As somebody would who types the command that the deployment ends with. */
async function readAdministrator({ url, env }: Endpoint, outputs: Outputs['Leveret']): Promise<Login> {
  const [, secretId = ''] = /--secret-id (\S+)/.exec(outputs.AdministratorCommand) ?? []
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '' }
  const client = new SecretsManagerClient({ endpoint: url, region: env.AWS_REGION ?? '', credentials })
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }))
  client.destroy()
  return JSON.parse(SecretString) as Login
}

/** The first request makes the administrator, since custom resources do nothing here; then guest takes over. */
async function replaceAdministrator(url: string, administrator: Login): Promise<void> {
  const call = async (login: Login, method: string, path: string, body?: object): Promise<void> => {
    const { status } = await callApi({ url, ...login }, method, path, body)
    if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}`)
  }
  await call(administrator, 'PUT', `/api/users/${GUEST.username}`, { password: GUEST.password, tags: 'administrator' })
  const all = { configure: '.*', write: '.*', read: '.*' }
  await call(administrator, 'PUT', `/api/permissions/%2F/${GUEST.username}`, all)
  await call(GUEST, 'DELETE', `/api/users/${administrator.username}`)
}

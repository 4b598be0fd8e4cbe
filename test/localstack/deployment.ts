import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readSecret } from '../../lib/journal/secret.ts'
import type { RunningLeveret } from '../../lib/local/testing.ts'
import { withoutAmqp } from '../support/deployed.ts'
import { callApi } from '../support/embedded.ts'
import { awsOptions } from './aws-calls.ts'
import type { Endpoint } from './endpoint.ts'

/** Where the CDK's command line deploys to, and a directory for what it writes. */
export interface Site extends Pick<Endpoint, 'env' | 'url'> {
  readonly directory: string
  /** Ends a command that runs. */
  readonly signal?: AbortSignal
}

/** What the stack tells of itself. */
export interface Outputs {
  readonly Url: string
  readonly AdministratorCommand: string
  readonly NamePrefix: string
  readonly TopologyTable: string
  readonly BlobsBucket: string
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** As the embedded cloud has it, so that the same stories can be told. */
const GUEST = { username: 'guest', password: 'guest' }
/** One machine needs no long lease, and every change of the topology takes as long as it lasts. */
const SHORT_LEASE_MS = 100

export const bootstrap = (site: Site): Promise<string> => cdk(site, ['bootstrap', 'aws://000000000000/us-east-1'])

export interface DeployOptions {
  readonly leaseMs?: number
  /** Instead of the project's own. */
  readonly app?: string
}

/** Deploys the app; resolves with what the command line says. */
export function deploy(site: Site, { leaseMs = SHORT_LEASE_MS, app }: DeployOptions = {}): Promise<string> {
  const context = ['--context', `leveret:leaseMs=${leaseMs}`, '--context', 'leveret:removalPolicy=destroy']
  const options = ['--require-approval', 'never', '--outputs-file', outputsFile(site), ...context]
  return cdk(site, ['deploy', ...options, ...(app === undefined ? [] : ['--app', app])])
}

export const destroy = (site: Site): Promise<string> => cdk(site, ['destroy', '--force'])

/** Resolves with all that was said; rejects with it where the command failed. */
async function cdk({ env, directory, signal }: Site, args: readonly string[]): Promise<string> {
  const options = ['--output', join(directory, 'cdk.out'), '--progress', 'events', '--ci']
  const child = spawn('cdk', [...args, ...options], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(signal && { signal }),
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  const said = Buffer.concat(chunks).toString()
  if (status !== 0) throw new Error(`cdk ${args[0]} failed:\n${said}`)
  return said
}

export const outputsFile = ({ directory }: Pick<Site, 'directory'>): string => join(directory, 'outputs.json')

export const readOutputs = (site: Pick<Site, 'directory'>): Outputs =>
  (JSON.parse(readFileSync(outputsFile(site), 'utf8')) as { Leveret: Outputs }).Leveret

/** The broker that was deployed last. The first request makes its administrator, since custom resources do nothing here; then guest takes over. */
export async function openBroker(site: Site): Promise<RunningLeveret> {
  const outputs = readOutputs(site)
  const url = urlOf(site, outputs)
  await replaceAdministrator(url, await readAdministrator(site, outputs))
  return withoutAmqp({ url, ...GUEST, sqsEndpoint: site.url, close: async () => undefined })
}

/** `https://ID.execute-api.…/STAGE` under the endpoint's own address, where no name has to be resolved. */
function urlOf({ url }: Site, outputs: Outputs): string {
  const [, apiId, stage] = /^https:\/\/([^.]+)\.execute-api\.[^/]+\/([^/]+)/.exec(outputs.Url) ?? []
  if (apiId === undefined || stage === undefined) throw new Error(`the API is at ${outputs.Url}`)
  return `${url}/_aws/execute-api/${apiId}/${stage}`
}

type Login = typeof GUEST

/** As somebody would who types the command that the deployment ends with. */
async function readAdministrator(site: Site, outputs: Outputs): Promise<Login> {
  const [, secretId = ''] = /--secret-id (\S+)/.exec(outputs.AdministratorCommand) ?? []
  return JSON.parse(await readSecret(secretId, awsOptions(site))) as Login
}

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

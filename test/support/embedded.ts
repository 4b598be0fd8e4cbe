import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll } from 'vitest'
import { type LeveretOptions, type RunningLeveret, startLeveret } from '../../lib/local/testing.ts'
import { recordingsDirectory } from '../privileges/recorder.ts'
import { startAsDeployed } from './as-deployed.ts'
import { inTurn, takeDeployed } from './deployed.ts'

export interface ApiAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Parsed where it is JSON, else the text; undefined where there is none. */
  readonly body: unknown
}

export interface CallOptions {
  /** By default guest's; undefined sends none. */
  readonly login?: { readonly username: string; readonly password: string } | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export interface EmbeddedLeveret {
  /** Only while tests run. */
  readonly running: RunningLeveret
  /** Calls the API; `path` goes over the wire as it is, `body` as JSON unless it is a string. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<ApiAnswer>
}

const START_DEADLINE_MS = 30_000

/**
 * A broker of their own for the tests of a file or of a describe block. Where the environment names a deployed one, the first
 * that a file asks for is that one, which all files share, and what it asks for beyond is embedded.
 */
export function useLeveret(options?: LeveretOptions): EmbeddedLeveret {
  let started: RunningLeveret | undefined
  let isDeployed = false
  beforeAll(async () => {
    const deployed = takeDeployed()
    isDeployed = deployed !== undefined
    started = deployed ?? (await start(options))
  }, START_DEADLINE_MS)
  afterAll(() => started?.close(), START_DEADLINE_MS)
  const running = (): RunningLeveret => {
    if (started === undefined) throw new Error('Leveret runs only while tests do')
    return started
  }
  return {
    get running() {
      return running()
    },
    call: (method, path, body, callOptions) => {
      const call = () => callApi(running(), method, path, body, callOptions)
      return isDeployed ? inTurn(call) : call()
    },
  }
}

/** Where calls are recorded, it is each function that makes them. */
const start = (options?: LeveretOptions): Promise<RunningLeveret> =>
  recordingsDirectory() === undefined ? startLeveret(options) : startAsDeployed(options)

/** As {@link EmbeddedLeveret.call}, for a broker that was started otherwise. */
export async function callApi(
  leveret: Pick<RunningLeveret, 'url' | 'username' | 'password'>,
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<ApiAnswer> {
  const { hostname, port, pathname } = new URL(leveret.url)
  const login = 'login' in options ? options.login : leveret
  const outgoing = request({
    hostname,
    port,
    method,
    path: pathname.replace(/\/$/, '') + path,
    headers: {
      ...(login === undefined ? {} : { authorization: basic(login) }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
  })
  outgoing.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body))
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await readAnswer(response) }
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

async function readAnswer(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  if (text === '') return undefined
  return response.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text
}

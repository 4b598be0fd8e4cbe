import { readCommandLineEnvironment } from '../config.ts'
import type { CommandInput, Option } from './command.ts'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** Where a broker's HTTP API is, and who asks. */
export interface Connection {
  /** Without `/api` and without a slash at the end; it may have a path, as stages of API Gateway do. */
  readonly url: string
  readonly user: string
  readonly password: string
}

const LOCAL_URL = 'http://127.0.0.1:15672'
/** The embedded cloud's administrator, known to everybody and let in from this machine only. */
const LOCAL_USER = 'guest'

export const CONNECTION_OPTIONS: readonly Option[] = [
  { name: 'url', value: 'URL', default: LOCAL_URL, help: 'the broker, without /api' },
  { name: 'user', short: 'u', value: 'USER', default: LOCAL_USER, help: 'a user with the tag administrator' },
  { name: 'password', value: 'PASSWORD', help: 'its password; everybody on this machine can see it meanwhile' },
]

export const CONNECTION_DETAILS = `The password is best given as LEVERET_PASSWORD in the environment. Where neither says it, it is asked for;
user guest of a broker on this machine has the password guest.`

/** Throws `UsageError` for a URL that is none, and where the password is not known and nobody can be asked. */
export async function connectionOf(input: CommandInput, terminal: Terminal): Promise<Connection> {
  const url = parseUrl(input.text('url'))
  const user = input.text('user')
  const isLocalGuest = user === LOCAL_USER && isLoopback(url)
  const password =
    input.optionalText('password') ??
    readCommandLineEnvironment().password ??
    (isLocalGuest ? LOCAL_USER : await terminal.askSecret(`Password of ${user} at ${url.host}: `))
  if (password) return { url: withoutApi(url), user, password }
  throw new UsageError(`the password of '${user}' is missing: set LEVERET_PASSWORD`)
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--url takes an address such as ${LOCAL_URL}, not '${text}'`)
  }
  if (url.username === '' && url.password === '') return url
  throw new UsageError('--url takes no user and password: give --user, and LEVERET_PASSWORD in the environment')
}

const isLoopback = ({ hostname }: URL): boolean => /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(hostname)

const withoutApi = ({ origin, pathname }: URL): string => `${origin}${pathname.replace(/(?:\/api)?\/*$/, '')}`

import type { AwsOptions } from '../config.ts'
import { readSecret } from '../journal/secret.ts'
import { logError } from '../log.ts'
import { userNameOfPrincipal } from '../model/principal.ts'
import { ensureAdministrators } from './administrators.ts'
import { ensureBootstrapped, type FirstAdministrator } from './bootstrap.ts'
import type { Broker } from './broker.ts'

/**
 * As {@link ensureBootstrapped}, with the administrator that the configuration's secret names, or with all principals that
 * it names itself. Throws Error where it names neither, or something else is in the secret.
 */
export async function setUp(broker: Broker): Promise<void> {
  const { administratorSecret, administrators, aws } = broker.config
  if (administrators !== undefined) return setUpPrincipals(broker, administrators)
  if (administratorSecret === undefined) throw new Error('the configuration names no secret of the administrator')
  await ensureBootstrapped(broker, await readCredentials(administratorSecret, aws))
}

/** Other than the password of a secret, the list may be changed later: whom it names now becomes an administrator. */
async function setUpPrincipals(broker: Broker, arns: readonly string[]): Promise<void> {
  const [first, ...others] = arns.map(parsePrincipal)
  if (first === undefined) throw new Error('the configuration names no administrator')
  await ensureBootstrapped(broker, { user: first })
  await ensureAdministrators(broker, [first, ...others])
}

function parsePrincipal(arn: string): string {
  const name = userNameOfPrincipal(arn)
  if (name === undefined) throw new Error(`the administrator '${arn}' is not the ARN of an IAM role or user`)
  return name
}

/**
 * Sets up, before the first request that asks for it, a broker that nobody has set up, where the configuration says with
 * what. A failure is logged and tried again by the next request; what is missing is told by whatever misses it.
 */
export function setUpOnce(broker: Broker): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= setUpIfMissing(broker).catch((error: unknown) => {
      done = undefined
      logError('the broker could not be set up', error)
    })
    return done
  }
}

async function setUpIfMissing(broker: Broker): Promise<void> {
  const { administratorSecret, administrators } = broker.config
  const knowsWith = administratorSecret !== undefined || administrators !== undefined
  if (knowsWith && !(await isSetUp(broker))) await setUp(broker)
}

async function isSetUp({ journals }: Broker): Promise<boolean> {
  if (!(await journals.isSetUp())) return false
  const { access } = await journals.view(journals.arrival())
  return access.users.size > 0 || access.vhosts.size > 0
}

/**
 * Whom a secret names: `{"username": …, "password": …}`. Throws what the SDK throws, and Error where something else is in
 * it; nothing of the secret goes into an error.
 */
export async function readCredentials(secretArn: string, aws: AwsOptions): Promise<Required<FirstAdministrator>> {
  const { username, password } = parseObject(await readSecret(secretArn, aws))
  if (typeof username !== 'string' || username === '' || typeof password !== 'string' || password === '') {
    throw new Error(`the secret ${secretArn} must hold JSON with username and password`)
  }
  return { user: username, password }
}

function parseObject(text: string): { readonly username?: unknown; readonly password?: unknown } {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

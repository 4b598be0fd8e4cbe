import { readSecret } from '../journal/secret.ts'
import { logError } from '../log.ts'
import { ensureBootstrapped, type FirstAdministrator } from './bootstrap.ts'
import type { Broker } from './broker.ts'

/**
 * As {@link ensureBootstrapped}, with the administrator that the configuration's secret names. Throws Error where it names
 * no secret, or something else is in it.
 */
export async function setUp(broker: Broker): Promise<void> {
  const { administratorSecret, aws } = broker.config
  if (administratorSecret === undefined) throw new Error('the configuration names no secret of the administrator')
  await ensureBootstrapped(broker, parseAdministrator(await readSecret(administratorSecret, aws)))
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
  if (broker.config.administratorSecret !== undefined && !(await isSetUp(broker))) await setUp(broker)
}

async function isSetUp({ journals }: Broker): Promise<boolean> {
  if (!(await journals.isSetUp())) return false
  const { access } = await journals.view(journals.arrival())
  return access.users.size > 0 || access.vhosts.size > 0
}

/** `{"username": …, "password": …}`. Nothing of the secret goes into an error. */
function parseAdministrator(secret: string): FirstAdministrator {
  const { username, password } = parseObject(secret)
  if (typeof username !== 'string' || username === '' || typeof password !== 'string' || password === '') {
    throw new Error('the secret of the administrator must hold JSON with username and password')
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

import type { RunningLeveret } from '../../lib/local/testing.ts'

let isTaken = false

/** The broker that `LEVERET_URL` and its siblings name, once; undefined where they name none. */
export function takeDeployed(
  env: Readonly<Record<string, string | undefined>> = process.env,
): RunningLeveret | undefined {
  const {
    LEVERET_URL: url,
    LEVERET_USER: username,
    LEVERET_PASSWORD: password,
    LEVERET_SQS_ENDPOINT: sqsEndpoint,
  } = env
  if (!url || isTaken) return undefined
  if (!username || !password || !sqsEndpoint) {
    throw new Error('LEVERET_URL is set; LEVERET_USER, LEVERET_PASSWORD and LEVERET_SQS_ENDPOINT must be as well')
  }
  isTaken = true
  return withoutAmqp({ url, username, password, sqsEndpoint, close: async () => undefined })
}

/** A broker that has no gateway: whoever asks for it anyway is told. */
export const withoutAmqp = <T extends object>(running: T): T & Pick<RunningLeveret, 'amqpUrl'> =>
  Object.defineProperty(running, 'amqpUrl', {
    get: () => {
      throw new Error('this broker does not speak AMQP')
    },
  }) as T & Pick<RunningLeveret, 'amqpUrl'>

/** Whether the first broker that a file asks for is a deployed one. */
export const IS_DEPLOYED = Boolean(process.env.LEVERET_URL)

/** How long to wait for what takes its own time. A deployed broker has pollers and cold starts, and shares the machine with LocalStack. */
export const PATIENCE_MS = IS_DEPLOYED ? 120_000 : 20_000

/** LocalStack starts a process for each request that is served beside others; more than these starve one another. */
const MAX_CALLS = 4
const waiting: (() => void)[] = []
let callCount = 0

/** Makes a call when fewer than {@link MAX_CALLS} are under way, in the order of asking. */
export async function inTurn<T>(call: () => Promise<T>): Promise<T> {
  if (callCount >= MAX_CALLS) await new Promise<void>((resolve) => waiting.push(resolve))
  else callCount += 1
  try {
    return await call()
  } finally {
    const next = waiting.shift()
    if (next === undefined) callCount -= 1
    else next()
  }
}

import type { Clock } from '../journal/clock.ts'
import { openBlobs } from '../journal/open-blobs.ts'
import { BrokerError } from '../model/errors.ts'
import { type Definitions, NO_DEFINITIONS } from '../topology/definitions/definitions.ts'
import { parseDefinitionsText } from '../topology/definitions/file.ts'
import { parseDefinitions } from '../topology/definitions/parse.ts'
import { type AppUser, applyTopology, nobody, openOwnSession } from './apply-topology.ts'
import type { Broker } from './broker.ts'
import { importDefinitions } from './import-definitions.ts'
import { readCredentials } from './set-up.ts'

/** The topology that an app declares. */
export interface TopologyProperties {
  /** A definitions file of exchanges, queues, bindings and permissions; left out where the app declares nothing. */
  readonly Topology?: string
  /** The SQS queue that each of its queues adopts. */
  readonly SqsQueues?: readonly { readonly Vhost: string; readonly Queue: string; readonly Arn: string }[]
  /** Users, with the secrets that hold their passwords. */
  readonly Users?: readonly { readonly Name: string; readonly SecretArn: string; readonly Tags?: readonly string[] }[]
}

/** Where a definitions file is that is deployed with an app. */
export interface DefinitionsProperties {
  /** `s3://BUCKET` or `file:///DIRECTORY/`. */
  readonly Store?: string
  readonly Key?: string
  /** The vhost that the file is of, where it is of one. */
  readonly Vhost?: string
}

/** The properties of the construct's custom resources; all values come as text. */
export interface DeployedProperties extends TopologyProperties, DefinitionsProperties {
  /** Of the broker: `true` where its queues go with the stack. */
  readonly DeleteQueues?: string
}

/**
 * Makes the broker what an app declares; `former` is what it declared before. Repeatable. Throws BrokerError, and Error for
 * an SQS queue that the broker cannot use, saying what is in the way.
 */
export async function deployTopology(
  broker: Broker,
  properties: TopologyProperties,
  former: TopologyProperties,
): Promise<void> {
  if (properties.Topology === undefined && former.Topology === undefined) return
  const sqsQueues = new Map(
    (properties.SqsQueues ?? []).map(({ Vhost, Queue, Arn }) => [keyOf(Vhost, Queue), nameIn(broker, Arn)]),
  )
  const app = {
    definitions: topologyOf(properties),
    sqsQueueOf: (vhost: string, queue: string): string => {
      const name = sqsQueues.get(keyOf(vhost, queue))
      if (name !== undefined) return name
      throw new Error(`the app names no SQS queue for queue '${queue}' in vhost '${vhost}'`)
    },
    users: await readUsers(broker, properties),
  }
  await applyTopology(broker, app, topologyOf(former))
}

const keyOf = (vhost: string, queue: string): string => JSON.stringify([vhost, queue])

const topologyOf = ({ Topology }: TopologyProperties): Definitions =>
  Topology === undefined ? NO_DEFINITIONS : parseDefinitions(parseDefinitionsText(Topology))

/** A name alone is kept of an SQS queue: all of a broker's are where its own are. */
function nameIn({ config }: Broker, arn: string): string {
  const { sqsQueueArnBase } = config
  if (arn.startsWith(sqsQueueArnBase)) return arn.slice(sqsQueueArnBase.length)
  throw new Error(
    `the SQS queue ${arn} is not in the account and region of the broker, whose queues are ${sqsQueueArnBase}…`,
  )
}

const readUsers = ({ clock, config }: Broker, { Users = [] }: TopologyProperties): Promise<AppUser[]> =>
  Promise.all(
    Users.map(async ({ Name: name, SecretArn, Tags: tags = [] }) => {
      const { password } = await onceAllowed(clock, () => readCredentials(SecretArn, config.aws))
      return { name, password, tags }
    }),
  )

const ALLOWED_WITHIN_MS = 60_000
const ASK_AGAIN_MS = 2000

/**
 * What was allowed a moment ago, by the same deployment, may still be refused (IAM User Guide, "Changes that I make are not
 * always immediately visible").
 */
async function onceAllowed<T>(clock: Clock, read: () => Promise<T>): Promise<T> {
  const beganMs = clock.monotonicMs()
  for (;;) {
    try {
      return await read()
    } catch (error) {
      const isRefused = error instanceof Error && error.name.startsWith('AccessDenied')
      if (!isRefused || clock.monotonicMs() - beganMs > ALLOWED_WITHIN_MS) throw error
      await clock.sleep(ASK_AGAIN_MS)
    }
  }
}

/** Who imports files that are deployed: what is in them is no app's to take away again. */
const IMPORTER = nobody('leveret:definitions')

/** Well below what the function has. */
const IMPORT_BUDGET_MS = 10 * 60_000

/**
 * Imports a definitions file, going on where an import says that it ran out of time. As every import it merges: nothing is
 * deleted, and what exists stays as it is. Throws BrokerError where the file is refused.
 */
export async function deployDefinitions(
  broker: Broker,
  { Store = '', Key = '', Vhost }: DefinitionsProperties,
): Promise<void> {
  const store = openBlobs({ blobs: Store, aws: broker.config.aws })
  const bytes = await onceAllowed(broker.clock, () => store.get(Key))
  if (bytes === undefined) throw new Error(`there is no file ${Key} in ${Store}`)
  const file = parseDefinitionsText(Buffer.from(bytes).toString())
  const definitions = parseDefinitions(file, Vhost === undefined ? {} : { vhost: Vhost })
  const beganMs = broker.clock.monotonicMs()
  for (;;) {
    try {
      return await importDefinitions(await openOwnSession(broker, IMPORTER), definitions)
    } catch (error) {
      const isOver = broker.clock.monotonicMs() - beganMs > IMPORT_BUDGET_MS
      if (isOver || !(error instanceof BrokerError) || error.kind !== 'unavailable') throw error
      await broker.clock.sleep((error.retryAfterS ?? 1) * 1000)
    }
  }
}

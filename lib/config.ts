/**
 * Everything a handler needs to know of where it runs. The deployed stack sets it as environment variables, the
 * embedded cloud and tests build it directly; nothing else in lib reads `process.env`.
 */
export interface Config {
  /** Physical names of SQS queues start with it; it holds the stack's id, so that two brokers never meet. */
  readonly namePrefix: string
  readonly topologyTable: string
  readonly messagesTable: string
  /** Where bases and claim checks are kept: `s3://bucket` or `file:///directory/`. */
  readonly blobs: string
  /** An SQS queue's URL is this, a slash and its name. */
  readonly sqsQueueUrlBase: string
  /** An SQS queue's ARN is this and its name: `arn:aws:sqs:REGION:ACCOUNT:`. */
  readonly sqsQueueArnBase: string
  /** The lease, ms (docs/architecture.md): how long a read of the topology may serve without being confirmed. 0 = confirm each time. */
  readonly leaseMs: number
  /**
   * How long a receive must wait before an empty answer means an empty queue, s. SQS asks all of its hosts only when told
   * to wait (AWS, service quotas); an emulator is a single one and needs no wait.
   */
  readonly fullPollWaitS: number
  /** How long the counts of a queue may be shown again without asking SQS, ms. */
  readonly countsCacheMs: number
  /** How long it takes until what environments count of messages has been written down, ms: rates are of the minute before that. */
  readonly statisticsLagMs: number
  /** How callers of the HTTP API prove who they are. The other way is refused. */
  readonly auth: AuthMode
  /** The ARN of the KMS key that declared SQS queues are encrypted with; where it is left out, SQS uses a key of its own. */
  readonly encryptionKeyArn?: string
  /**
   * The ARN of the secret that holds the first administrator's name and password, for the functions that make it; where
   * it is left out, somebody else does.
   */
  readonly administratorSecret?: string
  /** With `auth` iam, in place of the secret: the ARNs of the IAM principals that become administrators. */
  readonly administrators?: readonly string[]
  /** With `auth` basic: whose tokens are taken beside names and passwords; none where it is left out. */
  readonly jwt?: JwtConfig
  /** Where gateways speak AMQP, as the overview tells it; nowhere where it is left out. */
  readonly amqpListener?: AmqpListener
  /** How the AWS clients are made; empty on AWS. */
  readonly aws: AwsOptions
}

export interface AmqpListener {
  readonly port: number
  readonly tls: boolean
}

/** IANA's ports of AMQP, without and with TLS. */
export const AMQP_PORT = 5672
export const AMQPS_PORT = 5671

/** `basic`: name and password of a user (RFC 7617). `iam`: the front has verified a signature (SigV4) of an IAM principal. */
export type AuthMode = 'basic' | 'iam'

/** An issuer of JSON Web Tokens (docs/security.md). */
export interface JwtConfig {
  /** The claim `iss` of its tokens. */
  readonly issuer: string
  /** What must be among the claim `aud`, and what scopes begin with: RabbitMQ's `resource_server_id`. */
  readonly audience: string
  /** Where its JSON Web Key Set (RFC 7517) is, `https:`; or the set itself, as JSON. One of the two. */
  readonly jwksUri?: string
  readonly jwks?: string
}

export interface AwsOptions {
  readonly region?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly endpoints?: {
    readonly dynamodb?: string
    readonly sqs?: string
    readonly s3?: string
    readonly secretsmanager?: string
  }
  /** Told of every call by the SDK itself, with what is sent and answered; never on AWS, where a log must hold no message. */
  readonly logger?: AwsLogger
}

/** The part of a console that the AWS SDK writes to. */
export type AwsLogger = Readonly<Record<'trace' | 'debug' | 'info' | 'warn' | 'error', (...content: unknown[]) => void>>

type ClientOptions = Omit<AwsOptions, 'endpoints'> & { readonly endpoint?: string }

/** What all AWS SDK clients are made with. Members that are left out are the SDK's to find in its environment. */
export function clientOptions(
  { endpoints, ...common }: AwsOptions,
  service: 'dynamodb' | 'sqs' | 's3' | 'secretsmanager',
): ClientOptions {
  const endpoint = endpoints?.[service]
  return { ...common, ...(endpoint !== undefined && { endpoint }) }
}

/** The names of the environment variables that the stack sets and {@link readConfig} reads. */
export const ENV = {
  namePrefix: 'LEVERET_NAME_PREFIX',
  topologyTable: 'LEVERET_TOPOLOGY_TABLE',
  messagesTable: 'LEVERET_MESSAGES_TABLE',
  blobs: 'LEVERET_BLOBS',
  relayQueueUrl: 'LEVERET_RELAY_QUEUE_URL',
  relayQueueArn: 'LEVERET_RELAY_QUEUE_ARN',
  leaseMs: 'LEVERET_LEASE_MS',
  auth: 'LEVERET_AUTH',
  /** Only where there is a {@link Config.encryptionKeyArn}. */
  encryptionKeyArn: 'LEVERET_ENCRYPTION_KEY_ARN',
  /** Only where {@link Config.administratorSecret} is needed. */
  administratorSecret: 'LEVERET_ADMINISTRATOR_SECRET',
  /** Only where {@link Config.administrators} are needed: ARNs with spaces between them. */
  administrators: 'LEVERET_ADMINISTRATORS',
  /** Where {@link Config.jwt} is: the first two, and one of the others. */
  jwtIssuer: 'LEVERET_JWT_ISSUER',
  jwtAudience: 'LEVERET_JWT_AUDIENCE',
  jwtJwksUri: 'LEVERET_JWT_JWKS_URI',
  /** Only where there is a {@link Config.amqpListener}: `amqp` or `amqps`, a colon, and the port. */
  amqpListener: 'LEVERET_AMQP_LISTENER',
  jwtJwks: 'LEVERET_JWT_JWKS',
} as const

/** Whether this process is an environment of Lambda (Lambda Developer Guide, "Defined runtime environment variables"). */
export const isOnLambda = (env: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  env.AWS_LAMBDA_FUNCTION_NAME !== undefined

/** What every broker on AWS has. */
export const AWS_DEFAULTS = { fullPollWaitS: 1, countsCacheMs: 5000, statisticsLagMs: 65_000 } as const

/** What a handler's configuration is on AWS. Throws with the variable's name where one is missing or not usable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const [encryptionKeyArn, administratorSecret] = [env[ENV.encryptionKeyArn], env[ENV.administratorSecret]]
  const administrators = env[ENV.administrators]?.split(' ').filter((arn) => arn !== '') ?? []
  const namePrefix = required(env, ENV.namePrefix)
  const relay = {
    name: internalQueueName({ namePrefix }, 'relay'),
    url: required(env, ENV.relayQueueUrl),
    arn: required(env, ENV.relayQueueArn),
  }
  return {
    namePrefix,
    topologyTable: required(env, ENV.topologyTable),
    messagesTable: required(env, ENV.messagesTable),
    blobs: required(env, ENV.blobs),
    ...whereQueuesAre(relay),
    leaseMs: leaseFrom(required(env, ENV.leaseMs)),
    auth: authFrom(required(env, ENV.auth)),
    ...AWS_DEFAULTS,
    ...(encryptionKeyArn && { encryptionKeyArn }),
    ...(administratorSecret && { administratorSecret }),
    ...(administrators.length > 0 && { administrators }),
    ...(env[ENV.jwtIssuer] && { jwt: jwtFrom(env) }),
    ...(env[ENV.amqpListener] && { amqpListener: amqpListenerFrom(env[ENV.amqpListener]) }),
    aws: {},
  }
}

function amqpListenerFrom(text = ''): AmqpListener {
  const [, tls, port] = /^amqp(s?):(\d{1,5})$/.exec(text) ?? []
  if (port === undefined) throw new Error(`${ENV.amqpListener} is '${text}': it must be amqp:PORT or amqps:PORT`)
  return { port: Number(port), tls: tls === 's' }
}

function jwtFrom(env: Readonly<Record<string, string | undefined>>): JwtConfig {
  const tokens = { issuer: required(env, ENV.jwtIssuer), audience: required(env, ENV.jwtAudience) }
  const jwks = env[ENV.jwtJwks]
  if (jwks) return { ...tokens, jwks }
  const jwksUri = required(env, ENV.jwtJwksUri)
  if (!jwksUri.startsWith('https://')) throw new Error(`${ENV.jwtJwksUri} is '${jwksUri}': it must begin with https://`)
  return { ...tokens, jwksUri }
}

/** Where SQS queues are, read off one that is there: endpoints and partitions differ, the names' place at the end does not. */
export function whereQueuesAre(queue: {
  readonly name: string
  readonly url: string
  readonly arn: string
}): Pick<Config, 'sqsQueueUrlBase' | 'sqsQueueArnBase'> {
  const { name, url, arn } = queue
  if (!url.endsWith(`/${name}`) || !arn.endsWith(`:${name}`)) {
    throw new Error(`the queue ${name} is at '${url}', '${arn}'`)
  }
  return { sqsQueueUrlBase: url.slice(0, -name.length - 1), sqsQueueArnBase: arn.slice(0, -name.length) }
}

/** What the embedded cloud takes from the environment. */
export interface LocalEnvironment {
  /** Where set, nothing is embedded: the AWS SDK reads the same variable, and its others, by itself. */
  readonly awsEndpointUrl: string | undefined
  readonly dynoxideBin: string | undefined
  readonly searchPath: string | undefined
  /** As {@link Config.leaseMs}; undefined where the embedded cloud's own is to be taken. */
  readonly leaseMs: number | undefined
}

export const readLocalEnvironment = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): LocalEnvironment => ({
  awsEndpointUrl: env.AWS_ENDPOINT_URL || undefined,
  dynoxideBin: env.DYNOXIDE_BIN || undefined,
  searchPath: env.PATH,
  leaseMs: env[ENV.leaseMs] ? leaseFrom(env[ENV.leaseMs] ?? '') : undefined,
})

/** What `leveret` on the command line takes from the environment, beside what the AWS SDK reads there by itself. */
export interface CommandLineEnvironment {
  /** Of the user of the HTTP API: unlike an option, nobody else on the machine sees it. */
  readonly password: string | undefined
}

export const readCommandLineEnvironment = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): CommandLineEnvironment => ({ password: env.LEVERET_PASSWORD || undefined })

/** A longer lease would make every change wait that long. */
export const MAX_LEASE_MS = 10_000

function leaseFrom(text: string): number {
  const leaseMs = Number(text)
  if (Number.isInteger(leaseMs) && leaseMs >= 0 && leaseMs <= MAX_LEASE_MS) return leaseMs
  throw new Error(`${ENV.leaseMs} is '${text}': it must be 0 to ${MAX_LEASE_MS} ms`)
}

function authFrom(text: string): AuthMode {
  if (text === 'basic' || text === 'iam') return text
  throw new Error(`${ENV.auth} is '${text}': it must be basic or iam`)
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name]
  if (value) return value
  throw new Error(`the environment variable ${name} is missing`)
}

/**
 * The SQS queues that feed functions, each with the file of `functions/` that takes its messages. Physical names are the
 * prefix, a dash and these words; what ends in `.fifo` is FIFO.
 */
export const FED_QUEUES = {
  relay: 'relay',
  dead: 'dead-letter',
  'dead.fifo': 'dead-letter',
  delay: 'delay',
  sweep: 'sweep',
} as const

export type FedQueue = keyof typeof FED_QUEUES
/** A function that takes messages of internal queues. */
export type FedFunction = (typeof FED_QUEUES)[FedQueue]

/** Where messages go that their function could not deal with; SQS wants a FIFO queue behind a FIFO queue. */
export type FailedQueue = 'failed' | 'failed.fifo'

export type InternalQueue = FedQueue | FailedQueue

export const fedQueues = (): FedQueue[] => Object.keys(FED_QUEUES) as FedQueue[]

export const FAILED_QUEUES: readonly FailedQueue[] = ['failed', 'failed.fifo']

/** All queues that Leveret itself needs. */
export const internalQueues = (): InternalQueue[] => [...fedQueues(), ...FAILED_QUEUES]

export const failedQueueOf = (queue: FedQueue): FailedQueue => (queue.endsWith('.fifo') ? 'failed.fifo' : 'failed')

export const internalQueueName = (config: Pick<Config, 'namePrefix'>, queue: InternalQueue): string =>
  `${config.namePrefix}-${queue}`

/** After so many failures of its function a message goes to the failed queue. */
export const MAX_FEED_ATTEMPTS = 20

/** For how long a message of a queue that feeds a function is hidden at most, s: six times what a function may take (cdk/internal-queues.ts). */
export const FED_VISIBILITY_S = 360

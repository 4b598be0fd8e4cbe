import type { RemovalPolicy } from 'aws-cdk-lib'
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import type { IVpc, IVpcEndpoint } from 'aws-cdk-lib/aws-ec2'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { AmqpProps } from './amqp-props.ts'
import type { ExistingData } from './existing.ts'

export interface LeveretProps {
  /**
   * What the names of SQS queues begin with, before 8 characters of the stack's id. Brokers in one stack need different ones.
   *
   * @default 'leveret'
   */
  readonly name?: string
  /**
   * What becomes of topology, messages and the administrator's password when the stack is deleted. RETAIN also protects the
   * table from deletion; DESTROY deletes everything, declared queues and what is in them included.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * For how long a function may serve from what it knows of the topology, ms; a change waits this long before it is
   * answered. 0 to 10000.
   *
   * @default 1000
   */
  readonly leaseMs?: number
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays
  /**
   * Bounds of the API as a whole; what goes beyond is answered with 429. They do not bound the URL of `publishUrl`.
   *
   * @default - the account's
   */
  readonly throttle?: Throttle
  /**
   * Whether API Gateway logs a line per request. The first such API of an account sets the account's role for it.
   *
   * @default false
   */
  readonly accessLogs?: boolean
  /**
   * Where alarms go.
   *
   * @default - they only change their state
   */
  readonly alarmTopic?: ITopic
  /**
   * How callers of the API prove who they are. No other way is accepted.
   *
   * @default - HTTP Basic, as RabbitMQ
   */
  readonly auth?: Auth
  /**
   * Encrypts the tables, the bucket, the secret and all SQS queues, declared ones included. Whoever reads SQS queues
   * without the API needs `kms:Decrypt` on it.
   *
   * @default - keys of AWS
   */
  readonly encryptionKey?: IKey
  /**
   * Whether function publish has a URL of its own beside the API: the same paths and the same authentication without API
   * Gateway's price, its throttle, its access log and a custom domain.
   *
   * @default false
   */
  readonly publishUrl?: boolean
  /**
   * A name of your own for the API, and then its only one.
   *
   * @default - the name that API Gateway generates
   */
  readonly domain?: Domain
  /**
   * Makes the API private: reached through this VPC endpoint and no other way.
   *
   * @default - the API is public
   */
  readonly privateEndpoint?: PrivateEndpoint
  /**
   * How many environments of function publish are kept warm. They are billed by the hour.
   *
   * @default - none
   */
  readonly provisionedConcurrency?: number
  /**
   * Tags of everything in the construct, such as those that costs are allocated by. SQS queues that the broker makes for
   * declared queues have none: SQS takes 5 calls with tags a second.
   *
   * @default - none
   */
  readonly tags?: Readonly<Record<string, string>>
  /**
   * Tables or a bucket of a broker that is to be gone on with, such as a table that DynamoDB restored. The stack neither
   * changes nor deletes them.
   *
   * @default - new ones are made
   */
  readonly existing?: ExistingData
  /**
   * Gateways for programs that speak AMQP 0-9-1. They run, and are billed, all the time (docs/cost.md).
   *
   * @default - none
   */
  readonly amqp?: AmqpProps
}

export interface Throttle {
  /** Requests a second, in the long run. */
  readonly rateLimit: number
  /** Requests at once. */
  readonly burstLimit: number
}

export type Auth = BasicAuth | IamAuth

/** HTTP Basic. The first administrator's name and password are generated into a secret. */
export interface BasicAuth {
  readonly type: 'basic'
  /**
   * Whose JSON Web Tokens are taken beside names and passwords.
   *
   * @default - nobody's
   */
  readonly tokens?: TokenIssuer
}

/** An issuer of tokens with RabbitMQ's OAuth 2 scopes (docs/security.md). */
export interface TokenIssuer {
  /** The claim `iss` of its tokens, such as `https://login.example.org/`. */
  readonly issuer: string
  /** What must be among the claim `aud`, and what scopes begin with: RabbitMQ's `resource_server_id`. */
  readonly audience: string
  /** Where its JSON Web Key Set is, `https:`. This, or `jwks`. */
  readonly jwksUri?: string
  /** The set itself, as JSON, of an issuer that functions cannot reach. Keys are then rotated by a deployment. */
  readonly jwks?: string
}

/** Requests are signed (SigV4), and IAM principals are users by their ARNs. */
export interface IamAuth {
  readonly type: 'iam'
  /**
   * ARNs of the roles and users that the deployment makes administrators. It makes those that are added later, too, and
   * never takes the tag from one that is left out.
   */
  readonly administrators: readonly string[]
}

export interface Domain {
  /** Such as `broker.example.org`. */
  readonly domainName: string
  /** For that name, in the region of the stack. */
  readonly certificate: ICertificate
  /**
   * Gets an alias record of the name.
   *
   * @default - you make one
   */
  readonly hostedZone?: IHostedZone
  /**
   * One segment before `/api`.
   *
   * @default - none
   */
  readonly basePath?: string
}

/** Either of the two. */
export interface PrivateEndpoint {
  /** An interface endpoint of service `execute-api`. */
  readonly vpcEndpoint?: IVpcEndpoint
  /** Gets such an endpoint. */
  readonly vpc?: IVpc
}

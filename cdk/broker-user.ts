import { Validations } from 'aws-cdk-lib'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { compilePermission, escapePattern } from '../lib/model/pattern.ts'
import { assertKnown, cannotAdd, refused } from './app-topology.ts'
import { loginSecret } from './login-secret.ts'
import type { Settings } from './settings.ts'

/** RabbitMQ's three patterns: names of exchanges and queues that a user may declare, send to and take from. */
export interface BrokerPermissions {
  /** @default - nothing */
  readonly configure?: string
  /** @default - nothing */
  readonly write?: string
  /** @default - nothing */
  readonly read?: string
}

export interface BrokerUserProps {
  /**
   * RabbitMQ's tags. The API is open to users with one of them.
   *
   * @default ['management']
   */
  readonly tags?: readonly string[]
  /**
   * By vhost, what the user may do beside what `grantPublish` and `grantGet` allow.
   *
   * @default - nothing
   */
  readonly permissions?: Readonly<Record<string, BrokerPermissions>>
}

/** What a user takes of the broker that it is added to. */
export type UserHost = Pick<Settings, 'auth' | 'removalPolicy' | 'encryptionKey'>

type Kind = keyof BrokerPermissions

/** A user of the broker that is declared with the app, made by `Leveret.addUser`, with a password that nobody has to know. */
export class BrokerUser extends Construct {
  readonly username: string
  readonly tags: readonly string[]
  /** JSON with `username` and `password`. */
  readonly secret: Secret
  readonly #patterns = new Map<string, Record<Kind, string[]>>()

  /** @internal */
  constructor(scope: Construct, id: string, name: string, { auth, ...host }: UserHost, props: BrokerUserProps) {
    super(scope, id)
    const { tags = ['management'], permissions = {} } = props
    const what = `user '${name}'`
    assertKnown(what, [name, tags, permissions])
    if (name === '') throw cannotAdd(what, 'a user needs a name')
    if (auth.type === 'iam') throw cannotAdd(what, NO_PASSWORDS)
    this.username = name
    this.tags = tags
    this.secret = loginSecret(this, 'Login', {
      username: name,
      description: `User ${name} of a Leveret broker`,
      ...host,
    })
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'The broker keeps a hash of it, so both have to be changed together, by a deployment.',
    })
    for (const [vhost, patterns] of Object.entries(permissions)) {
      for (const kind of ['configure', 'write', 'read'] as const) {
        const pattern = patterns[kind] ?? ''
        refused(what, () => compilePermission(pattern))
        if (pattern !== '') this.#patternsIn(vhost)[kind].push(pattern)
      }
    }
  }

  /** Lets an AWS identity read the password, and so do what the user may do. */
  grantLogin(grantee: IGrantable): Grant {
    return this.secret.grantRead(grantee)
  }

  /**
   * Allows the user one name.
   * @internal
   */
  allow(vhost: string, kind: Kind, name: string): void {
    this.#patternsIn(vhost)[kind].push(`^${escapePattern(name)}$`)
  }

  /**
   * The permissions of a definitions file.
   * @internal
   */
  permissions() {
    return Array.from(this.#patterns, ([vhost, { configure, write, read }]) => ({
      user: this.username,
      vhost,
      configure: anyOf(configure),
      write: anyOf(write),
      read: anyOf(read),
    }))
  }

  #patternsIn(vhost: string): Record<Kind, string[]> {
    const known = this.#patterns.get(vhost) ?? { configure: [], write: [], read: [] }
    this.#patterns.set(vhost, known)
    return known
  }
}

const NO_PASSWORDS =
  "auth is 'iam', so no password lets anybody in; leave it out, and make the IAM principal a user through the API or by addDefinitions"

/** None allows nothing (contract §4.4). */
const anyOf = (patterns: readonly string[]): string =>
  patterns.length > 1 ? patterns.map((pattern) => `(?:${pattern})`).join('|') : (patterns[0] ?? '')

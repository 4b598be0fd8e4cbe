/** The hash of a password as RabbitMQ keeps it (contract §4.3). */
export type HashingAlgorithm =
  | 'rabbit_password_hashing_sha256'
  | 'rabbit_password_hashing_sha512'
  | 'rabbit_password_hashing_md5'

export const HASHING_ALGORITHMS: readonly HashingAlgorithm[] = [
  'rabbit_password_hashing_sha256',
  'rabbit_password_hashing_sha512',
  'rabbit_password_hashing_md5',
]

export type UserLimitName = 'max-connections' | 'max-channels'
export const USER_LIMIT_NAMES: readonly UserLimitName[] = ['max-channels', 'max-connections']

export interface User {
  readonly name: string
  /** base64 of salt and digest; empty = no password lets this user in. */
  readonly passwordHash: string
  readonly hashingAlgorithm: HashingAlgorithm
  /** In the order given. */
  readonly tags: readonly string[]
  readonly limits: Readonly<Partial<Record<UserLimitName, number>>>
}

/** The three patterns of one user in one vhost (contract §4.4). Having an entry at all is access to the vhost. */
export interface Permission {
  readonly user: string
  readonly vhost: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** What a user may do with the routing keys of one topic exchange (contract §4.4). */
export interface TopicPermission {
  readonly user: string
  readonly vhost: string
  readonly exchange: string
  readonly write: string
  readonly read: string
}

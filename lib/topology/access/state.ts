import type { AmqpValue } from '../../model/amqp-value.ts'
import type { Permission, TopicPermission, User } from '../../model/user.ts'
import type { Vhost } from '../../model/vhost.ts'

/** Who may do what, and which vhosts there are. Changed only by events (machine.ts); everybody else reads. */
export class AccessState {
  /** 32 random bytes in base64: what seals delivery tags (docs/architecture.md). Made with the journal. */
  tagKey = ''
  readonly vhosts = new Map<string, Vhost>()
  readonly users = new Map<string, User>()
  readonly globalParameters = new Map<string, AmqpValue>()
  /** By user, then by vhost. */
  readonly #permissions = new Map<string, Map<string, Permission>>()
  /** By user, then by vhost, then by exchange. */
  readonly #topicPermissions = new Map<string, Map<string, Map<string, TopicPermission>>>()

  permission(user: string, vhost: string): Permission | undefined {
    return this.#permissions.get(user)?.get(vhost)
  }

  *permissions(): Iterable<Permission> {
    for (const byVhost of this.#permissions.values()) yield* byVhost.values()
  }

  topicPermission(user: string, vhost: string, exchange: string): TopicPermission | undefined {
    return this.#topicPermissions.get(user)?.get(vhost)?.get(exchange)
  }

  *topicPermissions(): Iterable<TopicPermission> {
    for (const byVhost of this.#topicPermissions.values()) {
      for (const byExchange of byVhost.values()) yield* byExchange.values()
    }
  }

  setPermission(permission: Permission): void {
    nested(this.#permissions, permission.user).set(permission.vhost, permission)
  }

  clearPermission(user: string, vhost: string): void {
    this.#permissions.get(user)?.delete(vhost)
  }

  setTopicPermission(permission: TopicPermission): void {
    nested(nested(this.#topicPermissions, permission.user), permission.vhost).set(permission.exchange, permission)
  }

  clearTopicPermission(user: string, vhost: string, exchange: string): void {
    this.#topicPermissions.get(user)?.get(vhost)?.delete(exchange)
  }

  deleteVhost(name: string): void {
    this.vhosts.delete(name)
    for (const byVhost of this.#permissions.values()) byVhost.delete(name)
    for (const byVhost of this.#topicPermissions.values()) byVhost.delete(name)
  }

  deleteUser(name: string): void {
    this.users.delete(name)
    this.#permissions.delete(name)
    this.#topicPermissions.delete(name)
  }
}

function nested<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const existing = maps.get(key)
  if (existing) return existing
  const made = new Map<K, V>()
  maps.set(key, made)
  return made
}

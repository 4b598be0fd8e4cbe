import type { AmqpValue } from '../../model/amqp-value.ts'
import type { Permission, TopicPermission, User } from '../../model/user.ts'
import type { Vhost } from '../../model/vhost.ts'

/**
 * What happens in the access journal: who may do what, and which vhosts there are. After-images; what goes with a
 * deleted vhost or user (its permissions) is not repeated.
 */
export type AccessEvent =
  | { readonly type: 'tag-key-made'; readonly key: string }
  | { readonly type: 'vhost-created'; readonly vhost: Vhost }
  | { readonly type: 'vhost-updated'; readonly vhost: Vhost }
  | { readonly type: 'vhost-deleted'; readonly id: string; readonly name: string }
  | { readonly type: 'user-set'; readonly user: User }
  | { readonly type: 'user-deleted'; readonly name: string }
  | { readonly type: 'permission-set'; readonly permission: Permission }
  | { readonly type: 'permission-cleared'; readonly user: string; readonly vhost: string }
  | { readonly type: 'topic-permission-set'; readonly permission: TopicPermission }
  | {
      readonly type: 'topic-permission-cleared'
      readonly user: string
      readonly vhost: string
      readonly exchange: string
    }
  | { readonly type: 'global-parameter-set'; readonly name: string; readonly value: AmqpValue }
  | { readonly type: 'global-parameter-deleted'; readonly name: string }

import { type AmqpTable, type AmqpValue, fieldOf, isTable } from '../../model/amqp-value.ts'
import { invalid } from '../../model/errors.ts'
import type { HashingAlgorithm } from '../../model/user.ts'
import { CLUSTER_NAME } from '../access/global-parameter.ts'
import {
  type Definitions,
  type GlobalParameter,
  isInternalName,
  NO_DEFINITIONS,
  type UserDefinition,
  type VhostDefinition,
} from './definitions.ts'
import { type Item, itemsOf } from './item.ts'
import { parseContents } from './parse-contents.ts'
import { parseTags } from './tags.ts'
import { parseUser } from './user.ts'

/**
 * Reads a definitions file of any RabbitMQ since 3.0 (contract §4.2): of a whole broker, or, where `vhost` is given, of
 * one vhost, whatever vhost the file came from. Unknown keys are ignored. Throws `invalid`, naming the place.
 */
export function parseDefinitions(value: AmqpValue, { vhost }: { readonly vhost?: string } = {}): Definitions {
  if (!isTable(value)) throw invalid('a definitions file is a JSON object')
  const contents = parseContents(value, vhost)
  if (vhost !== undefined) return { ...NO_DEFINITIONS, ...contents }
  return {
    users: parseUsers(value),
    vhosts: itemsOf(value, 'vhosts').map(parseVhost),
    permissions: itemsOf(value, 'permissions').map((item) => ({
      user: item.text('user'),
      vhost: item.text('vhost'),
      configure: item.text('configure'),
      write: item.text('write'),
      read: item.text('read'),
    })),
    topicPermissions: itemsOf(value, 'topic_permissions').map((item) => ({
      user: item.text('user'),
      vhost: item.text('vhost'),
      exchange: item.text('exchange'),
      write: item.text('write'),
      read: item.text('read'),
    })),
    globalParameters: itemsOf(value, 'global_parameters').flatMap(parseGlobalParameter),
    ...contents,
  }
}

function parseUsers(file: AmqpTable): UserDefinition[] {
  const implied = impliedAlgorithm(fieldOf(file, 'rabbit_version'))
  return itemsOf(file, 'users').map((item) => {
    const name = item.text('name')
    return item.within(() => parseUser(name, item.table, implied))
  })
}

/** Up to 3.5 hashes were MD5 and said so nowhere (contract §4.2). */
function impliedAlgorithm(version: AmqpValue | undefined): HashingAlgorithm {
  const [major, minor] = typeof version === 'string' ? version.split('.').map(Number) : []
  const isOld = major !== undefined && (major < 3 || (major === 3 && minor !== undefined && minor <= 5))
  return isOld ? 'rabbit_password_hashing_md5' : 'rabbit_password_hashing_sha256'
}

/** Since 3.8 most is in `metadata`, and some in both places. */
function parseVhost(item: Item): VhostDefinition {
  const metadata = isTable(item.field('metadata')) ? item.item('metadata') : item
  const tags = item.field('tags') ?? metadata.field('tags')
  const queueType = item.optionalText('default_queue_type') ?? metadata.optionalText('default_queue_type')
  return {
    name: item.text('name'),
    description: item.optionalText('description') ?? metadata.optionalText('description'),
    tags: tags === undefined ? undefined : item.within(() => parseTags(tags)),
    defaultQueueType: queueType === '' ? undefined : queueType,
    tracing: item.optionalFlag('tracing'),
    protectedFromDeletion: metadata.optionalFlag('protected_from_deletion'),
  }
}

function parseGlobalParameter(item: Item): GlobalParameter[] {
  const [name, value] = [item.text('name'), item.value('value')]
  if (isInternalName(name)) return []
  item.within(() => assertGlobalParameter(name, value))
  return [{ name, value }]
}

/** The broker's name is shown in places that know only texts. */
export function assertGlobalParameter(name: string, value: AmqpValue): void {
  if (name === CLUSTER_NAME && typeof value !== 'string') throw invalid(`${CLUSTER_NAME} must be a string`)
}

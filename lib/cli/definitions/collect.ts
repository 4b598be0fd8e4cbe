import { mapConcurrent } from '../../delivery/concurrent.ts'
import { type AmqpTable, type AmqpValue, fieldOf, isTable } from '../../model/amqp-value.ts'
import { DEFAULT_EXCHANGE } from '../../model/exchange.ts'
import { DEFAULT_EXCHANGE_ALIAS, isReservedName } from '../../model/names.ts'
import { NO_DEFAULT_QUEUE_TYPE } from '../../model/vhost.ts'
import { isInternalName } from '../../topology/definitions/definitions.ts'
import { type ApiClient, RefusedError } from '../api-client.ts'
import { CommandError } from '../errors.ts'

/** The most that a list answers at once (contract §1.1). */
const PAGE_SIZE = 500
/** How many requests are under way at once, where there are many. */
const CONCURRENCY = 8

const VHOST_SECTIONS = ['parameters', 'policies', 'queues', 'exchanges', 'bindings'] as const

/**
 * The definitions of a whole broker, as `GET /api/definitions` answers them where they fit one answer; asked for vhost
 * by vhost, which is not one moment for all of them. `tell` hears of each vhost.
 */
export async function collectDefinitions(client: ApiClient, tell: (line: string) => void): Promise<AmqpTable> {
  const overview = await getTable(client, '/overview?disable_stats=true')
  const vhosts = (await getList(client, '/vhosts')).map(vhostItem)
  const file: Record<string, AmqpValue> = {
    rabbit_version: fieldOrNull(overview, 'rabbitmq_version'),
    rabbitmq_version: fieldOrNull(overview, 'rabbitmq_version'),
    product_name: fieldOrNull(overview, 'product_name'),
    product_version: fieldOrNull(overview, 'product_version'),
    users: await getList(client, '/users'),
    vhosts,
    permissions: await getList(client, '/permissions'),
    topic_permissions: await getList(client, '/topic-permissions'),
    parameters: [],
    global_parameters: (await getList(client, '/global-parameters')).filter(
      (parameter) => !isInternalName(String(fieldOrNull(parameter, 'name'))),
    ),
  }
  const contents = new Map<string, AmqpTable[]>(VHOST_SECTIONS.map((section) => [section, []]))
  for (const { name } of vhosts) {
    const vhost = String(name)
    const part = await collectVhost(client, vhost)
    for (const section of VHOST_SECTIONS) {
      const objects = tablesIn(fieldOf(part, section)).map((object) => ({ vhost, ...object }))
      // A call with more arguments than the stack holds would fail, so one by one.
      for (const object of objects) contents.get(section)?.push(object)
    }
    tell(`vhost '${vhost}': ${countsOf(part)}`)
  }
  return { ...file, ...Object.fromEntries(contents) }
}

/** The definitions of one vhost, as `GET /api/definitions/{vhost}` answers them where they fit one answer. */
export async function collectVhost(client: ApiClient, vhost: string): Promise<AmqpTable> {
  try {
    return await getTable(client, `/definitions/${encodeURIComponent(vhost)}`)
  } catch (error) {
    if (error instanceof RefusedError && /larger than/.test(error.reason)) return collectInBits(client, vhost)
    throw error
  }
}

/** What is asked for bit by bit is not of one moment: it should not be changed meanwhile. */
async function collectInBits(client: ApiClient, vhost: string): Promise<AmqpTable> {
  const name = encodeURIComponent(vhost)
  const overview = await getTable(client, '/overview?disable_stats=true')
  const exchanges = await getPages(client, `/exchanges/${name}`, 'name,type,durable,auto_delete,internal,arguments')
  const queues = await getPages(client, `/queues/${name}`, 'name,durable,auto_delete,arguments,type')
  const destinations = [
    ...queues.map((queue) => `/queues/${name}/${segmentOf(queue)}/bindings`),
    ...exchanges.map((exchange) => `/exchanges/${name}/${segmentOf(exchange)}/bindings/destination`),
  ]
  return {
    rabbit_version: fieldOrNull(overview, 'rabbitmq_version'),
    parameters: (await getList(client, `/parameters/${name}`)).map(withoutVhost),
    policies: (await getList(client, `/policies/${name}`)).map(withoutVhost),
    queues,
    exchanges: exchanges.filter((exchange) => !isOurs(String(fieldOrNull(exchange, 'name')))),
    bindings: (await mapConcurrent(destinations, CONCURRENCY, (path) => bindingsTo(client, path))).flat(),
  }
}

/** The name of a queue or an exchange in a path; the default exchange has one for paths. */
const segmentOf = (object: AmqpTable): string =>
  encodeURIComponent(String(fieldOrNull(object, 'name')) || DEFAULT_EXCHANGE_ALIAS)

/** Lists of bindings have no pages, but every binding has one destination. */
async function bindingsTo(client: ApiClient, path: string): Promise<AmqpTable[]> {
  const columns = 'source,destination,destination_type,routing_key,arguments'
  const bindings = await getList(client, `${path}?columns=${columns}`)
  return bindings.filter((binding) => fieldOrNull(binding, 'source') !== DEFAULT_EXCHANGE)
}

const isOurs = (exchange: string): boolean => exchange === DEFAULT_EXCHANGE || isReservedName(exchange)

async function getPages(client: ApiClient, path: string, columns: string): Promise<AmqpTable[]> {
  const objects: AmqpTable[] = []
  for (let page = 1; ; page += 1) {
    const answer = await getTable(client, `${path}?page=${page}&page_size=${PAGE_SIZE}&columns=${columns}`)
    for (const object of tablesIn(fieldOf(answer, 'items'))) objects.push(object)
    if (page >= Number(fieldOrNull(answer, 'page_count'))) return objects
  }
}

/** A vhost as definitions have it, of one as lists have it (contract §4.1). */
function vhostItem(listed: AmqpTable): AmqpTable {
  const { name = '', description = '', tags = [], default_queue_type: queueType } = listed
  const common = {
    description,
    tags,
    ...(queueType !== undefined && queueType !== NO_DEFAULT_QUEUE_TYPE && { default_queue_type: queueType }),
  }
  const isProtected = listed.protected_from_deletion === true && { protected_from_deletion: true }
  const isTraced = listed.tracing === true && { tracing: true }
  return { name, ...common, metadata: { ...common, ...isProtected }, ...isTraced }
}

const withoutVhost = ({ vhost: _left, ...object }: AmqpTable): AmqpTable => object

const countsOf = (part: AmqpTable): string =>
  ['exchanges', 'queues', 'bindings'].map((section) => `${tablesIn(part[section]).length} ${section}`).join(', ')

const fieldOrNull = (table: AmqpTable, name: string): AmqpValue => fieldOf(table, name) ?? null

const tablesIn = (value: AmqpValue | undefined): AmqpTable[] => (Array.isArray(value) ? value.filter(isTable) : [])

const getList = async (client: ApiClient, path: string): Promise<AmqpTable[]> => tablesIn(await client.get(path))

async function getTable(client: ApiClient, path: string): Promise<AmqpTable> {
  const answer = await client.get(path)
  if (isTable(answer)) return answer
  throw new CommandError(`the broker's answer to ${path} is not what RabbitMQ would answer`)
}

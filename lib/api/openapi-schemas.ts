/** A JSON Schema (2020-12) as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>

const string: Schema = { type: 'string' }
const integer: Schema = { type: 'integer' }
const boolean: Schema = { type: 'boolean' }
const table: Schema = { type: 'object', additionalProperties: true }
const any: Schema = {}
const arrayOf = (items: Schema): Schema => ({ type: 'array', items })
const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values })

/** Names that end in `?` may be left out. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const named = Object.entries(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(named.map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    required: named.flatMap(([name]) => (name.endsWith('?') ? [] : [name])),
  }
}

const destinationType = oneOf('queue', 'exchange')
const permission = { configure: string, write: string, read: string }
const policy = { pattern: string, definition: table, 'priority?': integer, 'apply-to?': string }
const message = {
  properties: { $ref: '#/components/schemas/Properties' },
  routing_key: string,
  payload: string,
  payload_encoding: oneOf('string', 'base64'),
}

/** What bodies and answers hold; operations name these. */
export const SCHEMAS = {
  Error: object({ error: string, reason: any }),
  Status: object({ status: oneOf('ok', 'failed'), 'reason?': string }),
  Table: table,
  Text: string,
  Value: object({ value: any }),
  Name: object({ name: string }),
  Overview: table,
  Whoami: object({ name: string, tags: arrayOf(string), is_internal_user: boolean }),
  Node: table,
  Feature: object({ name: string, desc: string, provided_by: string }),
  Nothing: table,
  Definitions: table,
  VhostDeclaration: object({
    'description?': string,
    'tags?': any,
    'default_queue_type?': oneOf('classic', 'quorum'),
    'tracing?': boolean,
  }),
  Vhost: object({
    name: string,
    description: string,
    tags: arrayOf(string),
    default_queue_type: string,
    protected_from_deletion: boolean,
    tracing: boolean,
  }),
  ExchangeDeclaration: object({
    'type?': string,
    'durable?': boolean,
    'auto_delete?': boolean,
    'internal?': boolean,
    'arguments?': table,
  }),
  Exchange: object({
    name: string,
    vhost: string,
    type: string,
    durable: boolean,
    auto_delete: boolean,
    internal: boolean,
    arguments: table,
    user_who_performed_action: string,
  }),
  QueueDeclaration: object({ 'durable?': boolean, 'auto_delete?': boolean, 'arguments?': table }),
  Queue: object({
    name: string,
    vhost: string,
    type: oneOf('classic', 'quorum'),
    durable: boolean,
    auto_delete: boolean,
    exclusive: boolean,
    arguments: table,
    consumers: integer,
    'state?': oneOf('running', 'down'),
    'messages?': integer,
    'messages_ready?': integer,
    'messages_unacknowledged?': integer,
    'sqs_urls?': arrayOf(string),
    'sqs_arns?': arrayOf(string),
  }),
  BindingDeclaration: object({ 'routing_key?': string, 'arguments?': table }),
  Binding: object({
    source: string,
    vhost: string,
    destination: string,
    destination_type: destinationType,
    routing_key: string,
    arguments: table,
    properties_key: string,
  }),
  Properties: object({
    'content_type?': string,
    'content_encoding?': string,
    'headers?': table,
    'delivery_mode?': { enum: [1, 2] },
    'priority?': integer,
    'correlation_id?': string,
    'reply_to?': string,
    'expiration?': string,
    'message_id?': string,
    'timestamp?': integer,
    'type?': string,
    'user_id?': string,
    'app_id?': string,
    'cluster_id?': string,
  }),
  Publish: object(message),
  Published: object({ routed: boolean }),
  BatchOutcome: object({ 'routed?': boolean, 'error?': string, 'reason?': any }),
  RouteQuestion: object({ routing_key: string, 'properties?': message.properties }),
  Route: object({
    queues: arrayOf(string),
    via: arrayOf(
      object({
        source: string,
        destination: string,
        destination_type: destinationType,
        routing_key: string,
        arguments: table,
        alternate: boolean,
      }),
    ),
  }),
  Connection: object({
    name: string,
    vhost: string,
    user: string,
    state: string,
    channels: integer,
    client_properties: table,
    connected_at: integer,
    peer_host: string,
    peer_port: integer,
    protocol: string,
    ssl: boolean,
  }),
  Channel: object({
    name: string,
    number: integer,
    vhost: string,
    user: string,
    consumer_count: integer,
    messages_unacknowledged: integer,
    prefetch_count: integer,
    connection_details: table,
  }),
  Consumer: object({
    consumer_tag: string,
    queue: table,
    channel_details: table,
    ack_required: boolean,
    exclusive: boolean,
    active: boolean,
    prefetch_count: integer,
    arguments: table,
  }),
  Get: object({
    count: integer,
    ackmode: oneOf('ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false', 'manual'),
    encoding: oneOf('auto', 'base64'),
    'truncate?': integer,
    'wait?': integer,
    'visibility?': integer,
  }),
  Message: object({
    payload_bytes: integer,
    redelivered: boolean,
    exchange: string,
    message_count: integer,
    ...message,
    'delivery_tag?': string,
    'delivery_count?': integer,
  }),
  Settlement: object({
    delivery_tag: string,
    action: oneOf('ack', 'nack', 'reject', 'extend'),
    'requeue?': boolean,
    'delay?': integer,
    'visibility?': integer,
  }),
  SettleOutcome: object({ 'delivery_tag?': string, 'status?': oneOf('ok'), 'error?': string, 'reason?': any }),
  DeadLetters: object({
    item_count: integer,
    items: arrayOf(object({ reason: string, died_at: string, exchange: string, payload_bytes: integer, ...message })),
    total_count: integer,
  }),
  Discarded: object({ discarded: integer, total_count: integer, complete: boolean }),
  Redrive: object({
    'filter?': object({
      'reason?': oneOf('rejected', 'expired', 'maxlen', 'delivery_limit'),
      'exchange?': string,
      'routing_key?': string,
      'since?': string,
      'until?': string,
    }),
    'to?': object({ exchange: string, 'routing_key?': string }),
    'count?': integer,
  }),
  Redriven: object({
    redriven: integer,
    unroutable: integer,
    failed: integer,
    total_count: integer,
    complete: boolean,
  }),
  UserDeclaration: object({ tags: any, 'password?': string, 'password_hash?': string, 'hashing_algorithm?': string }),
  User: object({
    name: string,
    password_hash: string,
    hashing_algorithm: string,
    tags: arrayOf(string),
    limits: table,
  }),
  UserNames: object({ users: arrayOf(string) }),
  PermissionDeclaration: object(permission),
  Permission: object({ user: string, vhost: string, ...permission }),
  TopicPermissionDeclaration: object({ exchange: string, write: string, read: string }),
  TopicPermission: object({ user: string, vhost: string, exchange: string, write: string, read: string }),
  VhostLimits: object({ vhost: string, value: table }),
  UserLimits: object({ user: string, value: table }),
  PolicyDeclaration: object(policy),
  Policy: object({ vhost: string, name: string, ...policy }),
  Parameter: object({ vhost: string, component: string, name: string, value: any }),
  GlobalParameter: object({ name: string, value: any }),
  Scheduled: object({
    id: string,
    due: string,
    exchange: string,
    routing_key: string,
    properties: table,
    'payload_bytes?': integer,
  }),
  JournalEntry: object({ version: integer, who: string, when: string, events: arrayOf(table) }),
} as const satisfies Readonly<Record<string, Schema>>

export type SchemaName = keyof typeof SCHEMAS

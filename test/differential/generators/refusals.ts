import type { Call } from '../support/broker.ts'

/** What the requests are about; all of it exists. */
export interface RefusalNames {
  readonly vhost: string
  readonly user: string
  readonly queue: string
}

const json = (method: Call['method'], path: string, body: unknown): Call => ({
  method,
  path,
  body: JSON.stringify(body),
})
const get = (path: string): Call => ({ method: 'GET', path })

/** Mistakes that people and programs make, of every kind that the API tells apart. */
export const refusals = (names: RefusalNames): Call[] => [
  ...policies(names),
  ...parameters(names),
  ...limits(names),
  ...users(names),
  ...permissions(names),
  ...pages(names),
  ...bodies(names),
  ...contentTypes(names),
  ...messages(names),
]

function policies({ vhost }: RefusalNames): Call[] {
  const put = (kind: string, body: object, where = vhost) => json('PUT', `/${kind}/${where}/p`, body)
  const pattern = '^q'
  const definition = { 'max-length': 1 }
  return [
    put('policies', { pattern, definition: { nope: 1 } }),
    put('policies', { pattern, definition: { 'max-length': 1, nope: 1, other: 2 } }),
    put('policies', { pattern, definition: {} }),
    put('policies', { pattern, definition: [] }),
    put('policies', { pattern, definition: 'x' }),
    put('policies', { pattern, definition: { 'max-length': 'x' } }),
    put('policies', { pattern, definition: { 'max-length': -1 } }),
    put('policies', { pattern, definition: { expires: 0 } }),
    put('policies', { pattern, definition: { overflow: 'nope' } }),
    put('policies', { pattern, definition: { 'dead-letter-exchange': 1 } }),
    put('policies', { pattern: '(', definition }),
    put('policies', { pattern: 1, definition }),
    put('policies', { definition }),
    put('policies', { pattern }),
    put('policies', { pattern, definition, priority: 'x' }),
    put('policies', { pattern, definition, 'apply-to': 'nope' }),
    put('policies', { pattern, definition }, 'no-such-vhost'),
    put('operator-policies', { pattern, definition: { nope: 1 } }),
    put('operator-policies', { pattern, definition: { 'dead-letter-exchange': 'x' } }),
    put('operator-policies', { pattern, definition: {} }),
    { method: 'DELETE', path: `/policies/${vhost}/missing` },
    { method: 'DELETE', path: `/operator-policies/${vhost}/missing` },
  ]
}

const parameters = ({ vhost }: RefusalNames): Call[] => [
  json('PUT', `/parameters/nope/${vhost}/p`, { value: 1 }),
  json('PUT', `/parameters/nope/${vhost}/p`, {}),
  json('PUT', '/parameters/nope/no-such-vhost/p', { value: 1 }),
  get('/parameters/nope'),
  get(`/parameters/nope/${vhost}`),
  get(`/parameters/nope/${vhost}/p`),
  { method: 'DELETE', path: `/parameters/nope/${vhost}/p` },
  json('PUT', '/global-parameters/diff-missing', {}),
  json('PUT', '/global-parameters/diff-missing', { valu: 1 }),
  json('PUT', '/cluster-name', {}),
  json('PUT', '/cluster-name', { name: 1 }),
]

function limits({ vhost, user }: RefusalNames): Call[] {
  const values = ['x', 1.5, -2, null]
  const ofVhost = `/vhost-limits/${vhost}`
  const ofUser = `/user-limits/${user}`
  return [
    ...values.map((value) => json('PUT', `${ofVhost}/max-queues`, { value })),
    json('PUT', `${ofVhost}/max-queues`, {}),
    json('PUT', `${ofVhost}/nope`, { value: 1 }),
    json('PUT', '/vhost-limits/no-such-vhost/max-queues', { value: 1 }),
    ...values.map((value) => json('PUT', `${ofUser}/max-channels`, { value })),
    json('PUT', `${ofUser}/max-channels`, {}),
    json('PUT', `${ofUser}/nope`, { value: 1 }),
    json('PUT', '/user-limits/no-such-user/max-channels', { value: 1 }),
  ]
}

function users(names: RefusalNames): Call[] {
  const put = (body: object) => json('PUT', `/users/${names.user}`, body)
  return [
    put({ password: 'p' }),
    put({ password: 'p', password_hash: 'AAAA', tags: '' }),
    put({ password_hash: 'not base64!', tags: '' }),
    put({ password_hash: 'AAA', tags: '' }),
    put({ password_hash: 's3krE7-s3t-v!a-4A$h', tags: '' }),
    put({ password_hash: 1, tags: '' }),
    put({ password: 1, tags: '' }),
    json('POST', '/users/bulk-delete', {}),
    json('POST', '/users/bulk-delete', { users: 'x' }),
    get('/users/no-such-user'),
    { method: 'DELETE', path: '/users/no-such-user' },
  ]
}

function permissions({ vhost, user }: RefusalNames): Call[] {
  const all = { configure: '', write: '', read: '' }
  return [
    json('PUT', `/permissions/${vhost}/${user}`, { ...all, configure: '(' }),
    json('PUT', `/permissions/${vhost}/${user}`, { ...all, configure: 1 }),
    json('PUT', `/permissions/${vhost}/${user}`, { configure: '', write: '' }),
    json('PUT', `/permissions/${vhost}/no-such-user`, all),
    json('PUT', `/permissions/no-such-vhost/${user}`, all),
    json('PUT', `/topic-permissions/${vhost}/${user}`, { exchange: 'amq.topic', write: '(', read: '' }),
    json('PUT', `/topic-permissions/${vhost}/${user}`, { write: '', read: '' }),
    get(`/topic-permissions/${vhost}/${user}`),
  ]
}

const PAGES = [
  'page=0',
  'page=-1',
  'page=x',
  'page=1.5',
  'page=',
  'page=9',
  'page=1&page_size=0',
  'page=1&page_size=501',
  'page=1&page_size=x',
  'page=1&name=(&use_regex=true',
]

const pages = ({ vhost }: RefusalNames): Call[] =>
  [`/queues/${vhost}`, `/exchanges/${vhost}`].flatMap((path) => PAGES.map((query) => get(`${path}?${query}`)))

const bodies = ({ vhost }: RefusalNames): Call[] =>
  ['[]', '"x"', '{', '1', '{"durable":"maybe"}', '{"arguments":[]}', '{"arguments":{"a":null}}'].map((body) => ({
    method: 'PUT',
    path: `/queues/${vhost}/made`,
    body,
  }))

const contentTypes = ({ vhost, user }: RefusalNames): Call[] => [
  { method: 'POST', path: '/definitions', body: '{"x":' },
  { method: 'POST', path: '/definitions', body: '{}', contentType: 'text/plain' },
  { method: 'POST', path: '/definitions', body: '{}', contentType: 'application/x-www-form-urlencoded' },
  { method: 'POST', path: `/definitions/${vhost}`, body: '{}', contentType: 'text/plain' },
  { method: 'PUT', path: `/vhost-limits/${vhost}/max-queues`, body: '{"value":3}', contentType: 'text/plain' },
  { method: 'PUT', path: `/user-limits/${user}/max-channels`, body: '{"value":3}', contentType: 'text/plain' },
  {
    method: 'PUT',
    path: `/operator-policies/${vhost}/p`,
    body: '{"pattern":"^q","definition":{"max-length":1}}',
    contentType: 'text/plain',
  },
]

function messages({ vhost, queue }: RefusalNames): Call[] {
  const path = `/queues/${vhost}/${queue}/get`
  const body = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }
  const message = { routing_key: 'none', properties: {}, payload: '', payload_encoding: 'string' }
  const publish = (change: object) => json('POST', `/exchanges/${vhost}/amq.direct/publish`, { ...message, ...change })
  return [
    json('POST', path, { ...body, count: 'x' }),
    json('POST', path, { ...body, ackmode: 'x' }),
    json('POST', path, { ...body, encoding: 'x' }),
    json('POST', path, { ...body, truncate: 'x' }),
    json('POST', path, { count: 1 }),
    publish({ payload: 1 }),
    publish({ payload_encoding: 'x' }),
    publish({ payload: '!', payload_encoding: 'base64' }),
    publish({ properties: { expiration: 1 } }),
    publish({ properties: { expiration: 'x' } }),
    publish({ properties: { delivery_mode: 3 } }),
    publish({ properties: { user_id: 'somebody' } }),
    json('POST', `/exchanges/${vhost}/amq.direct/publish`, {}),
    json('POST', `/queues/${vhost}/${queue}/actions`, { action: 'nope' }),
    json('POST', `/queues/${vhost}/${queue}/actions`, {}),
  ]
}

import type { Answer, Call } from './support/broker.ts'
import { canonicalJson, isObject, type Json } from './support/json.ts'
import type { AnswerPair } from './support/pair.ts'

/**
 * Every difference between RabbitMQ 3.10.8 and Leveret that is known and meant, and nothing else: what is not listed
 * here is a defect of one of them. Section numbers are those of the RabbitMQ contract.
 */
export interface KnownDifference {
  readonly id: string
  readonly section: string
  readonly reason: string
  /** Whether these two answers to `call` differ in this way alone. */
  explains(call: Call, answers: AnswerPair): boolean
}

/** RabbitMQ 4.3.5 refuses a third `#`; 3.10.8 does not (§3.3). Leveret may do either, so neither suite sends one. */
export const maxHashesInBindingKey = 2

/**
 * What is never generated, because RabbitMQ 3.10.8 does something there that no later version and no client relies on
 * and that changes what comes after.
 */
export const avoided = [
  {
    section: '§3.7',
    what: 'the order of x-death behind its newest entry, and a cycle on which it decides',
    reason:
      '3.10.8 reverses the entries that are there each time it adds one; since 3.13 the newest is first, as documented.',
  },
  {
    section: '§3.4',
    what: 'an integer and a double of equal value (7 and 7.0) as a criterion and its header; 0.0 and -0.0',
    reason: '3.10.8 compares top-level values with ==, so they match (nested ones do not); since 3.13 they differ.',
  },
  {
    section: '§3.4',
    what: 'an empty array and an empty table as a criterion and its header',
    reason: '3.10.8 compares without types and holds both as an empty list, so [] matches {}.',
  },
  {
    section: '§1.1',
    what: 'a routing key, exchange or name that is not a string, or is longer than 255 bytes, in a body',
    reason:
      '3.10.8 takes `"routing_key": 1` for the key 1 and lists it as a number; exchange names may exceed 255 bytes.',
  },
  {
    section: '§1.3',
    what: 'integers above 64 bits, a priority outside 0–255, `count: 1.5`, `count: -1`, `"properties": []`',
    reason: '3.10.8 keeps whatever Erlang can hold as long as no AMQP frame is written, and answers 500 to the last.',
  },
  {
    section: '§1.5',
    what: 'user tags and vhost descriptions of other types than string',
    reason: '3.10.8 stores them unchecked or crashes.',
  },
  {
    section: '§1.2',
    what: '`tracing: true` in concurrent sequences (the rabbitmqadmin script has it)',
    reason: '3.10.8 keeps traced vhosts in one list per node, and two requests at once lose one of them.',
  },
  {
    section: '§2.4',
    what: 'stream queues; `x-delivery-limit` of a wrong type; x-max-priority together with x-single-active-consumer',
    reason: 'Leveret has no streams and no FIFO priority; 3.10.8 takes any type for x-delivery-limit.',
  },
  {
    section: '§1.1',
    what: 'names with NUL or invalid UTF-8',
    reason: '3.10.8 stores them and cannot print them.',
  },
  {
    section: '§1.1',
    what: 'names that are `.` or `..`',
    reason:
      'RabbitMQ resolves both as a path would be, so no such object can be reached; Leveret takes them for names.',
  },
  {
    section: '§1.2',
    what: 'a binding key with `~` inside together with arguments',
    reason: '3.10.8 makes the binding and crashes when it writes its properties_key, in every later list as well.',
  },
  {
    section: '§1.5',
    what: 'a vhost limit of one or two connections',
    reason: 'RabbitMQ counts the connections that publish and get over HTTP open themselves; Leveret has none.',
  },
  {
    section: '§1.5',
    what: 'a bulk deletion of users of whom some exist and some do not',
    reason: 'RabbitMQ deletes those named before the first that is missing; Leveret deletes all or none.',
  },
  {
    section: '§1.5',
    what: 'policies of equal priority, and a priority with a fraction',
    reason: 'Which of several wins is an accident of how RabbitMQ keeps them; Leveret takes the first name.',
  },
  {
    section: '§3.6',
    what: 'exchanges of type x-recent-history',
    reason: 'Leveret does not have the type and refuses it as unknown.',
  },
] as const

const crashed = ({ status, text }: Answer): boolean => status === 500 && text === ''

const refused = ({ status, json }: Answer): boolean =>
  [400, 401, 404].includes(status) && isObject(json) && typeof json.error === 'string' && json.reason !== undefined

const reasonOf = ({ json }: Answer): Json | undefined => (isObject(json) ? json.reason : undefined)

const textOf = (answer: Answer): string => String(reasonOf(answer))

/** Whether two texts are one text, except for what `withoutDifference` takes from both. */
const sameBut = ({ reference, subject }: AnswerPair, withoutDifference: (text: string) => string): boolean =>
  withoutDifference(textOf(reference)) === withoutDifference(textOf(subject))

const queryOf = (path: string): URLSearchParams => new URLSearchParams(path.split('?')[1])

/** Whether two lists have the same items; an item without fields is an empty list in one of them. */
function isPermutation(left: Json | undefined, right: Json | undefined): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return false
  const sorted = (items: readonly Json[]): string[] =>
    items.map((item) => canonicalJson(emptyListAsObject(item) ?? null)).sort()
  return sorted(left).join() === sorted(right).join()
}

/** Whether a value is another one of which fields are left out, below `arguments` only. */
function isProjection(part: Json | undefined, whole: Json | undefined, mayLack = false): boolean {
  if (Array.isArray(part) && Array.isArray(whole)) {
    return part.length === whole.length && part.every((item, index) => isProjection(item, whole[index], mayLack))
  }
  const object = emptyListAsObject(whole)
  if (!isObject(part) || !isObject(object)) return canonicalJson(part ?? null) === canonicalJson(whole ?? null)
  return Object.keys({ ...part, ...object }).every((name) =>
    name in part ? isProjection(part[name], object[name], mayLack || name === 'arguments') : mayLack,
  )
}

/** Whether a text is another one as a whole, or its beginning with dots after it. */
const isCut = (text: string, whole: string): boolean =>
  text === whole || (text.endsWith('...') && whole.startsWith(text.slice(0, -3)))

const isPublish = ({ method, path }: Call): boolean => method === 'POST' && path.endsWith('/publish')

const isGet = ({ method, path }: Call): boolean => method === 'POST' && path.endsWith('/get')

const isImport = ({ method, path }: Call): boolean => method === 'POST' && path.startsWith('/definitions/')

/** Same status, same `error`, and a reason on both sides: only the wording differs. */
const differsInReasonOnly = ({ reference, subject }: AnswerPair): boolean =>
  reference.status === subject.status &&
  isObject(reference.json) &&
  isObject(subject.json) &&
  reference.json.error === subject.json.error &&
  subject.json.reason !== undefined

/** A text without the one word that depends on what a RabbitMQ has been asked before. */
export function withoutHistory(text: string): string {
  return text.replace('unknown exchange type', 'invalid exchange type')
}

/**
 * What rabbitmqadmin prints, with one text for a publish to a missing exchange: of RabbitMQ's 400 it prints the reason, of
 * the contract's 404 the path (§1.3).
 */
export function withoutPublishRefusal(stderr: string): string {
  return stderr.replace(/^\*\*\* (404 NOT_FOUND - no exchange .*|Not found: \S+\/publish)$/m, '*** no such exchange')
}

/** What version 2 of rabbitmqadmin shows of nodes and their memory, and what 3.10.8 tells late, differently or not at all (§1.2). */
export const uncomparedColumns: ReadonlySet<string> = new Set([
  'node',
  'leader',
  'members',
  'online',
  'memory',
  // 3.10.8 tells these together with its statistics.
  'state',
  'policy',
  'operator_policy',
  // It answers "undefined" whatever was declared, and knows no protection.
  'default_queue_type',
  'protected_from_deletion',
  // Salts are random.
  'password_hash',
])

/** As {@link withoutPublishRefusal}; a wrong `ackmode` is a 500 (§1.4), and the protocol that is missing no array (§1.6). */
export const withoutVersion2Texts = (text: string): string =>
  text
    .replace(/^(404 NOT_FOUND - no exchange .*|API responded with a 404 Not Found)$/m, 'API responded with a 404')
    .replace(/^(API responded with a server error: status code of 500 .*|Invalid ackmode value: .*)$/m, 'bad ackmode')
    .replace('inactive protocols', 'inactive protocol')

export const knownDifferences: readonly KnownDifference[] = [
  {
    id: 'crash-on-wrong-type',
    section: '§1.1',
    reason:
      'RabbitMQ crashes on some wrongly typed or malformed bodies (500, empty); the contract asks for 400, and what ' +
      'RabbitMQ would have asked for next, a permission or the vhost, may be refused first.',
    explains: (_call, { reference, subject }) => crashed(reference) && refused(subject),
  },
  {
    id: 'crash-on-unknown-name',
    section: '§1.5',
    reason: 'Deleting a limit of an unknown vhost or user crashes RabbitMQ (500, empty).',
    explains: ({ method, path }, { reference, subject }) =>
      method === 'DELETE' && /^\/(vhost|user)-limits\//.test(path) && crashed(reference) && subject.status === 404,
  },
  {
    id: 'body-of-405-and-415',
    section: '§1.1',
    reason: '3.10 answers an unsupported method or content type with an empty body, newer versions with an error.',
    explains: (_call, { reference, subject }) =>
      (reference.status === 405 || reference.status === 415) && reference.status === subject.status,
  },
  {
    id: 'erlang-failure-in-reason',
    section: '§1.1',
    reason: 'A failed remote call prints an Erlang stack trace as the reason; any text is better.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) && /^Request to node .* failed with/.test(String(reasonOf(answers.reference))),
  },
  {
    id: 'regex-engine-message',
    section: '§4.4',
    reason: 'A bad regular expression is reported as PCRE words it, as character codes.',
    explains: (_call, answers) => {
      const reason = reasonOf(answers.reference)
      return differsInReasonOnly(answers) && Array.isArray(reason) && reason[0] === 'invalid_regexp'
    },
  },
  {
    id: 'policy-complaints',
    section: '§1.5',
    reason: 'A bad pattern of a policy is reported as PCRE words it, and 4.x applies policies to more than 3.10 does.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) &&
      sameBut(answers, (text) =>
        text.replace(/(but is invalid: ).*/, '$1').replace(/(unrecognised; should be ).*/, '$1'),
      ),
  },
  {
    id: 'publish-refusals',
    section: '§1.3',
    reason: 'A publish to a missing exchange is 404 and one that is not allowed 401; 3.10 answers 400 to all.',
    explains: (call, { reference, subject }) => {
      const [, code, text = ''] = /^(404|403) (.*)$/.exec(textOf(reference)) ?? []
      const status = code === '404' ? 404 : 401
      return isPublish(call) && reference.status === 400 && subject.status === status && isCut(text, textOf(subject))
    },
  },
  {
    id: 'cut-texts',
    section: '§1.1',
    reason: 'RabbitMQ cuts the texts of channel errors at 255 bytes.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) && isCut(textOf(answers.reference), textOf(answers.subject)),
  },
  {
    id: 'channel-in-unknown-vhost',
    section: '§1.1',
    reason: 'Publish and get in a vhost that does not exist are 404; 3.10 reads the body first and then answers 401.',
    explains: (call, { reference, subject }) =>
      (isPublish(call) || isGet(call)) &&
      [400, 401].includes(reference.status) &&
      subject.status === 404 &&
      reasonOf(subject) === 'vhost_not_found',
  },
  {
    id: 'bindings-of-unknown-vhost',
    section: '§1.1',
    reason: 'The bindings of one queue or exchange of a vhost that does not exist are 404; RabbitMQ finds none there.',
    explains: ({ method, path }, { reference, subject }) =>
      method === 'GET' && path.includes('bindings') && reference.text === '[]' && subject.status === 404,
  },
  {
    id: 'get-of-no-messages',
    section: '§1.4',
    reason: 'RabbitMQ looks at neither the queue nor the ack mode when it is asked for 0 messages.',
    explains: (call, { reference, subject }) =>
      isGet(call) && /"count":0\b/.test(call.body ?? '') && reference.text === '[]' && refused(subject),
  },
  {
    id: 'empty-item',
    section: '§1.1',
    reason: 'An item without any of the asked columns is an empty list in 3.10.',
    explains: (_call, { reference, subject }) => reference.text === '[]' && subject.text === '{}',
  },
  {
    id: 'columns-of-paged-item',
    section: '§1.1',
    reason: 'RabbitMQ forgets the columns of a single item when it is asked for a page, which an item does not have.',
    explains: ({ path }, { reference, subject }) =>
      isObject(reference.json) &&
      reference.json.items === undefined &&
      queryOf(path).has('page') &&
      queryOf(path).has('columns') &&
      isProjection(subject.json, reference.json, true),
  },
  {
    id: 'order-of-columns',
    section: '§1.1',
    reason: 'RabbitMQ sorts bindings after it has left fields out, Leveret before, so that the default order holds.',
    explains: ({ path }, { reference, subject }) =>
      path.includes('bindings') && queryOf(path).has('columns') && isPermutation(subject.json, reference.json),
  },
  {
    id: 'protocols-of-a-listener',
    section: '§1.6',
    reason: 'A health check of a protocol says which protocols it found; 3.10 says which one it was asked for.',
    explains: ({ path }, { reference, subject }) =>
      path.startsWith('/health/checks/protocol-listener/') &&
      reference.status === 200 &&
      subject.status === 200 &&
      isObject(reference.json) &&
      isObject(subject.json) &&
      canonicalJson([reference.json.protocol ?? null]) === canonicalJson(subject.json.protocols ?? null),
  },
  {
    id: 'pages-of-bindings',
    section: '§1.1',
    reason: 'RabbitMQ answers bindings whole where a page of them is asked for; Leveret has pages of them as well.',
    explains: ({ method, path }, { reference, subject }) =>
      method === 'GET' &&
      path.includes('bindings') &&
      queryOf(path).has('page') &&
      Array.isArray(reference.json) &&
      (refused(subject) || (isObject(subject.json) && Array.isArray(subject.json.items))),
  },
  {
    id: 'columns-within-arguments',
    section: '§1.1',
    reason: 'RabbitMQ answers arguments whole where a column names one of them, Leveret that one alone.',
    explains: ({ path }, { reference, subject }) =>
      /(^|,)arguments\./.test(queryOf(path).get('columns') ?? '') && isProjection(subject.json, reference.json),
  },
  {
    id: 'quoted-atoms',
    section: '§2.1',
    reason: 'An exchange type with a hyphen, an Erlang atom with quotes of its own, is quoted twice by 3.10.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) && sameBut(answers, (text) => text.replaceAll("''", "'")),
  },
  {
    id: 'long-queue-name',
    section: '§2.2',
    reason: 'RabbitMQ looks at the length of a queue name before anything else, and says "less than 255" of 255 bytes.',
    explains: ({ method, path }, { reference, subject }) =>
      method === 'PUT' &&
      decodeURIComponent(path.split('/')[3] ?? '').length > 255 &&
      textOf(reference).startsWith('queue should be less than 255 bytes') &&
      refused(subject),
  },
  {
    id: 'place-in-imported-file',
    section: '§4.2',
    reason: 'The reason of a refused import names the item that is refused, RabbitMQ the internal kind of the error.',
    explains: (call, answers) =>
      isImport(call) &&
      differsInReasonOnly(answers) &&
      withoutHistory(textOf(answers.subject)).endsWith(
        withoutHistory(textOf(answers.reference).replace(/^(command_invalid|precondition_failed): /, '')),
      ),
  },
  {
    id: 'import-beyond-queue-limit',
    section: '§1.5',
    reason:
      'Before it reads the rest of a file, RabbitMQ counts all its queues against the limit, also those that exist; ' +
      'Leveret counts what it makes, and names another fault first.',
    explains: (call, { reference, subject }) =>
      isImport(call) &&
      / would exceed the limit of \d+ queue/.test(textOf(reference)) &&
      (subject.status === 204 || refused(subject)),
  },
  {
    id: 'dropped-binding',
    section: '§4.2',
    reason: 'RabbitMQ drops an imported binding without a word when an end is missing; Leveret refuses the file.',
    explains: (call, { reference, subject }) =>
      isImport(call) && reference.status === 204 && /^binding from .*: no (queue|exchange) /.test(textOf(subject)),
  },
  {
    id: 'layout-of-terms',
    section: '§1.1',
    reason: 'An Erlang term in a text, several missing keys for one, breaks lines at 80 columns.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) &&
      /[{,]\n/.test(textOf(answers.reference)) &&
      sameBut(answers, (text) => text.replaceAll(/\s/g, '')),
  },
  {
    id: 'unknown-exchange-type-wording',
    section: '§2.3',
    reason: 'RabbitMQ says "unknown" the first time and "invalid" once it has seen that word anywhere before.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) &&
      withoutHistory(String(reasonOf(answers.reference))) === withoutHistory(String(reasonOf(answers.subject))),
  },
  {
    id: 'limits-of-nothing',
    section: '§1.5',
    reason:
      'Where the limits of a vhost were deleted, also such as it never had, RabbitMQ goes on to show the parameter that ' +
      'held them, with the value []. Leveret has none then.',
    explains: (call, { reference, subject }) => {
      if (call.method !== 'GET' || !/^\/parameters(\/vhost-limits\b|\?|$)/.test(call.path)) return false
      if (!Array.isArray(reference.json)) return isLimitsOfNothing(reference.json) && subject.status === 404
      const rest = reference.json.filter((item) => !isLimitsOfNothing(item))
      return rest.length < reference.json.length && textsOf(rest) === textsOf(subject.json)
    },
  },
  {
    id: 'login-failed-wording',
    section: '§1.1',
    reason: 'A bad login is "Login failed" in 3.10 and "Not_Authorized" in 4.x.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) &&
      reasonOf(answers.reference) === 'Login failed' &&
      reasonOf(answers.subject) === 'Not_Authorized',
  },
]

const isLimitsOfNothing = (item: Json | undefined): boolean =>
  isObject(item) && item.component === 'vhost-limits' && Array.isArray(item.value) && item.value.length === 0

const textsOf = (items: Json | undefined): string =>
  Array.isArray(items) ? items.map(canonicalJson).sort().join() : ''

/** The known difference that explains two unequal answers, if there is one. */
export function explainDifference(call: Call, answers: AnswerPair): KnownDifference | undefined {
  return knownDifferences.find((difference) => difference.explains(call, answers))
}

/**
 * An object without fields: RabbitMQ 3.10 writes empty `properties` and items without any of the asked columns as `[]`,
 * the contract prefers `{}` (§1.4).
 */
export function emptyListAsObject(value: Json | undefined): Json | undefined {
  return Array.isArray(value) && value.length === 0 ? {} : value
}

/**
 * `Location` without the part that leads back to where it starts: RabbitMQ writes it relative to the path as it would
 * have quoted it, so that a source which the client quoted otherwise is named again (§1.2).
 */
export function withoutDetour(location: string): string {
  return location.replace(/^\.\.\/\.\.\/[^/]+\/[qe]\//, '')
}

/** `properties_key` and `Location` end in `~HASH` when there are arguments; any deterministic hash will do (§1.2). */
export function withoutArgumentsHash(key: string): string {
  return key.replace(/~[A-Za-z0-9_-]+$/, '~#')
}

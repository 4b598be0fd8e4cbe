import type { Answer, Call } from './support/broker.ts'
import { isObject, type Json } from './support/json.ts'
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
] as const

const crashed = ({ status, text }: Answer): boolean => status === 500 && text === ''

const refused = ({ status, json }: Answer): boolean =>
  status === 400 && isObject(json) && typeof json.error === 'string' && json.reason !== undefined

const reasonOf = ({ json }: Answer): Json | undefined => (isObject(json) ? json.reason : undefined)

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

export const knownDifferences: readonly KnownDifference[] = [
  {
    id: 'crash-on-wrong-type',
    section: '§1.1',
    reason: 'RabbitMQ crashes on some wrongly typed or malformed bodies (500, empty); the contract asks for 400.',
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
    id: 'layout-of-missing-keys',
    section: '§1.1',
    reason: 'Several missing keys are printed as an Erlang list, which breaks lines at 80 columns.',
    explains: (_call, answers) => {
      const [reference, subject] = [reasonOf(answers.reference), reasonOf(answers.subject)]
      if (typeof reference !== 'string' || typeof subject !== 'string') return false
      const sameWords = reference.replaceAll(/\s/g, '') === subject.replaceAll(/\s/g, '')
      return differsInReasonOnly(answers) && reference.startsWith('[{key_missing,') && sameWords
    },
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
    id: 'login-failed-wording',
    section: '§1.1',
    reason: 'A bad login is "Login failed" in 3.10 and "Not_Authorized" in 4.x.',
    explains: (_call, answers) =>
      differsInReasonOnly(answers) &&
      reasonOf(answers.reference) === 'Login failed' &&
      reasonOf(answers.subject) === 'Not_Authorized',
  },
]

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

/** `properties_key` and `Location` end in `~HASH` when there are arguments; any deterministic hash will do (§1.2). */
export function withoutArgumentsHash(key: string): string {
  return key.replace(/~[A-Za-z0-9_-]+$/, '~#')
}

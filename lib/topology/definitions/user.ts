import { type AmqpTable, type AmqpValue, fieldOf, integerOf, isTable } from '../../model/amqp-value.ts'
import { erlangPairs, erlangTerm } from '../../model/erlang-term.ts'
import { invalid } from '../../model/errors.ts'
import { HASHING_ALGORITHMS, type HashingAlgorithm, USER_LIMIT_NAMES, type UserLimitName } from '../../model/user.ts'
import type { UserDefinition } from './definitions.ts'
import { validationFailed } from './policy.ts'
import { parseTags } from './tags.ts'

const DEFAULT_ALGORITHM: HashingAlgorithm = 'rabbit_password_hashing_sha256'

/**
 * A user as a client or a file writes it (contract §1.5, §4.2). `impliedAlgorithm` is that of a hash which names none.
 * Throws `invalid` in RabbitMQ's words. Whether a hash is one is asked by whoever stores it.
 */
export function parseUser(
  name: string,
  body: AmqpTable,
  impliedAlgorithm: HashingAlgorithm = DEFAULT_ALGORITHM,
): UserDefinition {
  const tags = fieldOf(body, 'tags')
  if (tags === undefined) throw invalid('tags_not_present')
  const [password, passwordHash] = [parsePassword(fieldOf(body, 'password')), parseHash(fieldOf(body, 'password_hash'))]
  if (password !== undefined && passwordHash !== undefined) {
    throw invalid('both_password_and_password_hash_are_provided')
  }
  const algorithm = parseAlgorithm(fieldOf(body, 'hashing_algorithm'))
  return {
    name,
    tags: parseTags(tags),
    limits: parseLimits(fieldOf(body, 'limits')),
    hashingAlgorithm: algorithm ?? (passwordHash ? impliedAlgorithm : DEFAULT_ALGORITHM),
    credentials: password ? { password } : { passwordHash: passwordHash ?? '' },
  }
}

function parsePassword(value: AmqpValue | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalid('password must be a string')
}

function parseHash(value: AmqpValue | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalid(['not_base64', value])
}

function parseAlgorithm(value: AmqpValue | undefined): HashingAlgorithm | undefined {
  if (value === undefined) return undefined
  const algorithm = HASHING_ALGORITHMS.find((known) => known === value)
  if (algorithm) return algorithm
  throw invalid(`hashing_algorithm must be one of ${HASHING_ALGORITHMS.join(', ')}`)
}

function parseLimits(value: AmqpValue | undefined): UserDefinition['limits'] {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return {}
  if (!isTable(value)) throw invalid('limits must be a JSON object')
  const unknown = Object.entries(value).filter(([name]) => !isLimitName(name))
  if (unknown.length > 0) throw invalid(`Unrecognised terms ${erlangPairs(unknown)} in user-limits`)
  return Object.fromEntries(Object.entries(value).map(([name, limit]) => [name, parseUserLimit(name, limit)]))
}

const isLimitName = (name: string): name is UserLimitName => (USER_LIMIT_NAMES as readonly string[]).includes(name)

/** The value of a user's limit, in RabbitMQ's words where it is none (contract §1.5). */
export function parseUserLimit(name: string, value: AmqpValue): number {
  const limit = integerOf(value)
  if (Number.isSafeInteger(limit)) return Number(limit)
  throw invalid(limitComplaint(name, value))
}

/** As {@link parseUserLimit}, of a vhost's limit, which RabbitMQ keeps as a parameter. */
export function parseVhostLimit(name: string, value: AmqpValue): number {
  const limit = integerOf(value)
  if (Number.isSafeInteger(limit)) return Number(limit)
  throw validationFailed(limitComplaint(name, value))
}

const limitComplaint = (name: string, value: AmqpValue): string =>
  `${name} should be a number, actually was ${erlangTerm(value)}`

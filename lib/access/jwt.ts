import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto'
import type { User } from '../model/user.ts'
import { AuthenticationError, parseBasicCredentials } from './authenticate.ts'
import type { Grants } from './authorise.ts'
import { parseScopes } from './scopes.ts'

/** What tokens must say of themselves. */
export interface TokenExpectations {
  /** The claim `iss`. */
  readonly issuer: string
  /** Among the claim `aud`, and the prefix of the scopes: RabbitMQ's `resource_server_id`. */
  readonly audience: string
}

/** A key of a JSON Web Key Set (RFC 7517) as it is written there. */
export type PublishedKey = JsonWebKey & { readonly kid?: string; readonly use?: string; readonly alg?: string }

/** Somebody whom a token vouches for; what they may do is in the token, not in the state. */
export interface TokenUser extends User {
  readonly grants: Grants
  /** When the token ends, seconds since 1970, clocks that differ allowed for. */
  readonly expiresAtS: number
}

/** The algorithms that are taken: never the token's choice beyond these, and never `none`. */
const KEY_TYPES: Readonly<Record<string, Pick<JsonWebKey, 'kty' | 'crv'>>> = {
  RS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
}

/** How far clocks may be apart, s. */
const LEEWAY_S = 30
const MAX_TOKEN_CHARACTERS = 8192
const MIN_RSA_BITS = 2048

const BEARER = /^bearer +(?<token>\S+) *$/i

/** Every token's first part is a JSON object, in base64url. */
const LOOKS_LIKE_A_TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/

/**
 * The token in an Authorization header: a bearer token (RFC 6750), or one in place of a password, as RabbitMQ takes it
 * from clients that know names and passwords only; the name then counts for nothing. Throws {@link AuthenticationError}
 * where names and passwords cannot be read.
 */
export function presentedToken(header: string | undefined): string | undefined {
  if (header === undefined || !/^(basic|bearer)\b/i.test(header)) return undefined
  const bearer = BEARER.exec(header)?.groups?.token
  if (bearer !== undefined || /^bearer\b/i.test(header)) return bearer
  const { password } = parseBasicCredentials(header)
  return LOOKS_LIKE_A_TOKEN.test(password) ? password : undefined
}

/** The keys in a JSON Web Key Set. Throws Error where it is none. */
export function parseKeySet(text: string): readonly PublishedKey[] {
  const { keys } = Object(JSON.parse(text)) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('a JSON Web Key Set must hold an array of keys')
  return keys.filter((key) => typeof key === 'object' && key !== null)
}

/** What the header of a token says of the key that it is signed with. Throws {@link AuthenticationError}. */
export function keyIdOf(token: string): string | undefined {
  const { kid } = parseToken(token).header
  return typeof kid === 'string' ? kid : undefined
}

/**
 * The user whom a signed token (RFC 7519, RFC 7515 compact form) vouches for at `nowS`, seconds since 1970.
 * Throws {@link AuthenticationError} `bad-credentials`, whatever is wrong with it.
 */
export function verifyToken(
  token: string,
  keys: readonly PublishedKey[],
  { issuer, audience }: TokenExpectations,
  nowS: number,
): TokenUser {
  const { header, claims, signed, signature } = parseToken(token)
  const key = verificationKey(header, keys)
  if (!verify('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature)) throw refused()
  const { iss, aud, exp, nbf, sub, client_id: clientId, scope } = claims
  if (iss !== issuer || !textsOf(aud).includes(audience)) throw refused()
  if (typeof exp !== 'number' || exp + LEEWAY_S <= nowS) throw refused()
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf - LEEWAY_S > nowS)) throw refused()
  const name = [sub, clientId].find((candidate) => typeof candidate === 'string' && candidate !== '')
  if (typeof name !== 'string') throw refused()
  const scopes = typeof scope === 'string' ? scope.split(' ') : textsOf(scope)
  return {
    name,
    passwordHash: '',
    hashingAlgorithm: 'rabbit_password_hashing_sha256',
    limits: {},
    expiresAtS: exp + LEEWAY_S,
    ...parseScopes(scopes, audience),
  }
}

const refused = (): AuthenticationError => new AuthenticationError('bad-credentials')

interface Token {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly signed: string
  readonly signature: Buffer
}

const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

function parseToken(token: string): Token {
  const [, header = '', claims = '', signature = ''] =
    token.length <= MAX_TOKEN_CHARACTERS ? (COMPACT.exec(token) ?? []) : []
  return {
    header: objectFrom(header),
    claims: objectFrom(claims),
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  }
}

function objectFrom(part: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Answered as any other token that is none.
  }
  throw refused()
}

/** The one published key that fits the header: its id where it names one, and in any case its algorithm. */
function verificationKey(header: Token['header'], keys: readonly PublishedKey[]): KeyObject {
  const { alg, kid, crit } = header
  const type = typeof alg === 'string' && Object.hasOwn(KEY_TYPES, alg) ? KEY_TYPES[alg] : undefined
  // What is critical would have to be understood.
  if (!type || crit !== undefined) throw refused()
  const fitting = keys.filter(
    (key) =>
      key.kty === type.kty &&
      (type.crv === undefined || key.crv === type.crv) &&
      (key.use ?? 'sig') === 'sig' &&
      (key.alg ?? alg) === alg &&
      (kid === undefined || key.kid === kid),
  )
  const [published] = fitting
  if (!published || fitting.length > 1) throw refused()
  return importKey(published)
}

function importKey(published: PublishedKey): KeyObject {
  try {
    const key = createPublicKey({ key: published, format: 'jwk' })
    const bits = key.asymmetricKeyDetails?.modulusLength
    if (bits === undefined || bits >= MIN_RSA_BITS) return key
  } catch {
    // A key that is none verifies nothing.
  }
  throw refused()
}

/** A claim that may be one text or several. */
const textsOf = (claim: unknown): readonly string[] =>
  (Array.isArray(claim) ? claim : [claim]).filter((value) => typeof value === 'string')

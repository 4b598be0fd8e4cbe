import { RemovalPolicy } from 'aws-cdk-lib'
import { parseKeySet } from '../lib/access/jwt.ts'
import { MAX_LEASE_MS } from '../lib/config.ts'
import { userNameOfPrincipal } from '../lib/model/principal.ts'
import { assertAmqp } from './assert-amqp.ts'
import { assertDomainName } from './assert-domain.ts'
import type { Auth, Domain, LeveretProps, PrivateEndpoint, Throttle, TokenIssuer } from './props.ts'
import { isKnown, isWhole, refusal } from './refusal.ts'

/** An SQS queue's name has 80 characters; this leaves half of them to the declared name. */
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z0-9]$/

/** As `brokerNames` makes them. */
const PREFIX = /^[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z0-9]-[0-9a-f]{8}$/

/** Throws an Error that names the prop and what to change. Values that are known only at deployment are left alone. */
export function assertProps(props: LeveretProps): void {
  const { name, removalPolicy, leaseMs, throttle, auth, domain, privateEndpoint, tags } = props
  if (isKnown(name) && !NAME.test(name)) {
    throw refusal(
      'name',
      name,
      'use 2 to 24 letters, digits and dashes that begin with a letter and end without a dash',
    )
  }
  if (isKnown(leaseMs) && !isWhole(leaseMs, 0, MAX_LEASE_MS)) {
    throw refusal('leaseMs', leaseMs, `use whole milliseconds from 0 to ${MAX_LEASE_MS}`)
  }
  if (
    removalPolicy !== undefined &&
    removalPolicy !== RemovalPolicy.RETAIN &&
    removalPolicy !== RemovalPolicy.DESTROY
  ) {
    throw refusal('removalPolicy', removalPolicy, 'use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY')
  }
  const { provisionedConcurrency } = props
  if (isKnown(provisionedConcurrency) && !isWhole(provisionedConcurrency, 1, Number.MAX_SAFE_INTEGER)) {
    throw refusal('provisionedConcurrency', provisionedConcurrency, 'use a whole number, 1 or more, or leave it out')
  }
  if (throttle !== undefined) assertThrottle(throttle)
  if (auth !== undefined) assertAuth(auth)
  if (domain !== undefined) assertDomain(domain)
  if (privateEndpoint !== undefined) assertPrivateEndpoint(privateEndpoint, props)
  if (tags !== undefined) assertTags(tags)
  if (props.amqp !== undefined) assertAmqp(props.amqp, props)
  const existingPrefix = props.existing?.namePrefix
  if (isKnown(existingPrefix) && !PREFIX.test(existingPrefix)) {
    throw refusal(
      'existing.namePrefix',
      existingPrefix,
      'use the output NamePrefix of the stack that made the SQS queues',
    )
  }
}

function assertThrottle({ rateLimit, burstLimit }: Throttle): void {
  if (isKnown(rateLimit) && !(rateLimit > 0 && Number.isFinite(rateLimit))) {
    throw refusal('throttle.rateLimit', rateLimit, 'use the number of requests a second, above 0')
  }
  if (isKnown(burstLimit) && !isWhole(burstLimit, 1, Number.MAX_SAFE_INTEGER)) {
    throw refusal('throttle.burstLimit', burstLimit, 'use a whole number of requests, 1 or more')
  }
}

function assertAuth(auth: Auth): void {
  if (auth.type !== 'basic' && auth.type !== 'iam') {
    throw refusal('auth.type', (auth as { type: unknown }).type, "use 'basic' or 'iam'")
  }
  if (auth.type === 'basic') {
    if (auth.tokens !== undefined) assertTokens(auth.tokens)
    return
  }
  const { administrators } = auth
  if (!isKnown(administrators)) return
  if (administrators.length === 0) {
    throw refusal(
      'auth.administrators',
      administrators,
      'name an IAM role or user at least, or nobody could let any in',
    )
  }
  const wrong = administrators.find((arn) => isKnown(arn) && userNameOfPrincipal(arn) === undefined)
  if (wrong !== undefined) throw refusal('auth.administrators', wrong, 'use ARNs of IAM roles and users')
}

/** Scopes are words, of which this is the beginning. */
const AUDIENCE = /^[\w.:/-]{1,255}$/
/** All environment variables of a function have 4 KB together. */
const MAX_JWKS_CHARACTERS = 2000

function assertTokens({ issuer, audience, jwksUri, jwks }: TokenIssuer): void {
  if (isKnown(issuer) && issuer === '') {
    throw refusal('auth.tokens.issuer', issuer, 'use the claim iss of the tokens, such as https://login.example.org/')
  }
  if (isKnown(audience) && !AUDIENCE.test(audience)) {
    throw refusal('auth.tokens.audience', audience, "use RabbitMQ's resource_server_id, a word such as rabbitmq")
  }
  if ((jwksUri === undefined) === (jwks === undefined)) {
    const given = jwks === undefined ? 'neither' : 'both'
    throw refusal('auth.tokens', given, 'give either jwksUri, where the keys are, or jwks, the keys themselves')
  }
  if (isKnown(jwksUri) && !URL.canParse(jwksUri)) throw refusal('auth.tokens.jwksUri', jwksUri, HTTPS)
  if (isKnown(jwksUri) && new URL(jwksUri).protocol !== 'https:') {
    throw refusal('auth.tokens.jwksUri', jwksUri, HTTPS)
  }
  if (isKnown(jwks)) assertKeys(jwks)
}

const HTTPS = 'use an address that begins with https://'

function assertKeys(jwks: string): void {
  if (jwks.length > MAX_JWKS_CHARACTERS) {
    throw refusal('auth.tokens.jwks', jwks.length, `use ${MAX_JWKS_CHARACTERS} characters at most, or jwksUri`)
  }
  try {
    if (parseKeySet(jwks).length > 0) return
  } catch {
    // Refused as an empty one is.
  }
  throw refusal('auth.tokens.jwks', jwks, 'use a JSON Web Key Set, {"keys": […]}, with a key at least')
}

const BASE_PATH = /^[A-Za-z0-9$_.+!*'()-]{1,300}$/

function assertDomain(domain: Domain): void {
  assertDomainName('domain', domain)
  const { basePath } = domain
  if (!isKnown(basePath)) return
  // The API takes what stands before the first /api for the base path.
  if (!BASE_PATH.test(basePath) || basePath === 'api') {
    throw refusal('domain.basePath', basePath, 'use one segment other than api without slashes, or leave it out')
  }
}

function assertPrivateEndpoint({ vpc, vpcEndpoint }: PrivateEndpoint, { publishUrl, domain }: LeveretProps): void {
  if ((vpc === undefined) === (vpcEndpoint === undefined)) {
    const given = vpc === undefined ? 'neither' : 'both'
    throw refusal('privateEndpoint', given, 'give either vpcEndpoint, or the vpc that is to get one')
  }
  if (publishUrl) {
    throw refusal('publishUrl', publishUrl, 'a function URL is public, so leave it out or leave privateEndpoint out')
  }
  if (domain !== undefined) {
    throw refusal('domain', domain.domainName, 'the name would be public, so leave it out or leave privateEndpoint out')
  }
}

/** As AWS's services have in common (Tagging AWS Resources User Guide, "Tag naming limits and requirements"). */
const MAX_TAGS = 40
const TAG_KEY = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u

function assertTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags)
  if (entries.length > MAX_TAGS) throw refusal('tags', entries.length, `use ${MAX_TAGS} at most`)
  for (const [key, value] of entries) {
    if (isKnown(key) && !TAG_KEY.test(key)) {
      throw refusal(
        'tags',
        key,
        'use keys of 1 to 128 letters, digits, spaces and _.:/=+-@ that do not begin with aws:',
      )
    }
    if (isKnown(value) && !TAG_VALUE.test(value)) {
      throw refusal(`tags.${key}`, value, 'use values of up to 256 letters, digits, spaces and _.:/=+-@')
    }
  }
}

import type { APIGatewayProxyEvent } from 'aws-lambda'

/** An HTTP/1.1 request as it came over the wire. */
export interface GatewayRequest {
  readonly method: string
  /** The request target, `/path?query`, not decoded and not normalised. */
  readonly target: string
  /** Names and values by turns, as `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  readonly sourceIp: string
  readonly requestId: string
  readonly receivedAtMs: number
}

const STAGE = 'local'
const ACCOUNT = '000000000000'

/** The greedy resources of the REST API (docs/architecture.md), the narrower before the wider. */
const RESOURCES = ['/api/exchanges/', '/api/queues/', '/']

/**
 * The event that a Regional REST API (v1) hands to a Lambda proxy integration: the path is the client's, still
 * percent-encoded and with its empty segments, and so is `pathParameters.proxy`; the query is decoded; header names keep
 * their case. (API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".)
 */
export function toProxyEvent(request: GatewayRequest): APIGatewayProxyEvent {
  const { path, query } = splitTarget(request.target)
  const forwarded = endToEndHeaders(request.rawHeaders)
  const headers = collect(forwarded, (name) => name.toLowerCase())
  const parameters = collect(parseQuery(query), (name) => name)
  const { resource, proxy } = matchResource(path)
  return {
    resource,
    path,
    httpMethod: request.method,
    headers: lastValues(headers) ?? {},
    multiValueHeaders: headers ?? {},
    queryStringParameters: lastValues(parameters),
    multiValueQueryStringParameters: parameters,
    pathParameters: proxy === undefined ? null : { proxy },
    stageVariables: null,
    requestContext: requestContext(request, path, resource, findHeader(forwarded, 'user-agent')),
    ...encodeBody(request.body),
  }
}

export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark === -1 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

function matchResource(path: string): { resource: string; proxy?: string } {
  const prefix = RESOURCES.find((candidate) => path.startsWith(candidate) && path.length > candidate.length)
  return prefix === undefined ? { resource: '/' } : { resource: `${prefix}{proxy+}`, proxy: path.slice(prefix.length) }
}

type Pair = readonly [name: string, value: string]

/** What is between the client and the front only, and what the event tells otherwise. */
const NOT_FORWARDED = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function endToEndHeaders(rawHeaders: readonly string[]): Pair[] {
  const pairs: Pair[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index] as string, rawHeaders[index + 1] as string]
    if (!NOT_FORWARDED.has(name.toLowerCase())) pairs.push([name, value])
  }
  return pairs
}

function parseQuery(query: string): Pair[] {
  return query
    .split('&')
    .filter((parameter) => parameter !== '')
    .map((parameter) => {
      const equals = parameter.indexOf('=')
      if (equals === -1) return [decode(parameter), '']
      return [decode(parameter.slice(0, equals)), decode(parameter.slice(equals + 1))]
    })
}

/** Form decoding, where a plus sign is a space. What is not percent-encoded UTF-8 stays as it is. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

/** All values of each name, under the first spelling of it. Null for none at all, as API Gateway says it. */
function collect(pairs: readonly Pair[], identityOf: (name: string) => string): Record<string, string[]> | null {
  if (pairs.length === 0) return null
  const groups = new Map<string, { readonly name: string; readonly values: string[] }>()
  for (const [name, value] of pairs) {
    const identity = identityOf(name)
    const group = groups.get(identity) ?? { name, values: [] }
    group.values.push(value)
    groups.set(identity, group)
  }
  return Object.fromEntries([...groups.values()].map(({ name, values }) => [name, values]))
}

function lastValues(multi: Readonly<Record<string, readonly string[]>> | null): Record<string, string> | null {
  if (multi === null) return null
  return Object.fromEntries(Object.entries(multi).map(([name, values]) => [name, values.at(-1) ?? '']))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text where the bytes are UTF-8, else base64: nothing is lost either way. */
function encodeBody(body: Uint8Array): Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded'> {
  if (body.length === 0) return { body: null, isBase64Encoded: false }
  try {
    return { body: utf8.decode(body), isBase64Encoded: false }
  } catch {
    return { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }
  }
}

function requestContext(
  { method, sourceIp, requestId, receivedAtMs }: GatewayRequest,
  path: string,
  resource: string,
  userAgent: string | null,
): APIGatewayProxyEvent['requestContext'] {
  return {
    accountId: ACCOUNT,
    apiId: STAGE,
    authorizer: null,
    protocol: 'HTTP/1.1',
    httpMethod: method,
    identity: { ...ANONYMOUS, sourceIp, userAgent },
    path,
    stage: STAGE,
    requestId,
    requestTimeEpoch: receivedAtMs,
    resourceId: STAGE,
    resourcePath: resource,
  }
}

const ANONYMOUS = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
} as const

const findHeader = (headers: readonly Pair[], wanted: string): string | null =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null

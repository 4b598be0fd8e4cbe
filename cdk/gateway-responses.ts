import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway'
import type { Auth } from './props.ts'

interface GatewayAnswer {
  readonly type: ResponseType
  /** Where it is not what API Gateway answers by itself. */
  readonly status?: number
  readonly error: string
  /** Left out for API Gateway's own words. */
  readonly reason?: string
  readonly headers?: Readonly<Record<string, string>>
}

const NOT_FOUND = { status: 404, error: 'Object Not Found', reason: 'Not Found' }
const TOO_MANY = { status: 429, error: 'too_many_requests', headers: { 'Retry-After': '1' } }
/** The request may have been carried out, so the words must not say that it was not. */
const UNKNOWN_OUTCOME = 'No answer came in time, so the outcome is unknown: repeat the request'

/** What API Gateway answers by itself, in the form in which RabbitMQ's clients expect errors (contract §1.1). */
const ANSWERS: readonly GatewayAnswer[] = [
  { type: ResponseType.DEFAULT_4XX, error: 'bad_request' },
  { type: ResponseType.DEFAULT_5XX, error: 'internal_server_error', reason: UNKNOWN_OUTCOME },
  { type: ResponseType.INTEGRATION_FAILURE, status: 504, error: 'gateway_timeout', reason: UNKNOWN_OUTCOME },
  { type: ResponseType.INTEGRATION_TIMEOUT, status: 504, error: 'gateway_timeout', reason: UNKNOWN_OUTCOME },
  { type: ResponseType.RESOURCE_NOT_FOUND, ...NOT_FOUND },
  {
    type: ResponseType.REQUEST_TOO_LARGE,
    status: 413,
    error: 'bad_request',
    reason: 'Exceeded HTTP request body size limit',
  },
  { type: ResponseType.THROTTLED, ...TOO_MANY, reason: 'The API is at its request rate: repeat the request later' },
  { type: ResponseType.QUOTA_EXCEEDED, ...TOO_MANY, reason: 'The quota of requests is used up' },
]

const REFUSED = { status: 401, error: 'not_authorized' }

/** Where API Gateway checks nobody, it calls a resource that it does not have a missing token. */
const ANSWERS_BY_AUTH: Readonly<Record<Auth['type'], readonly GatewayAnswer[]>> = {
  basic: [
    { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, ...NOT_FOUND },
    {
      type: ResponseType.UNAUTHORIZED,
      ...REFUSED,
      reason: 'Login failed',
      headers: { 'WWW-Authenticate': 'Basic realm="RabbitMQ Management"' },
    },
  ],
  iam: [
    {
      type: ResponseType.MISSING_AUTHENTICATION_TOKEN,
      ...REFUSED,
      reason: 'The request is not signed: sign it with Signature Version 4',
      headers: { 'WWW-Authenticate': 'AWS4-HMAC-SHA256' },
    },
    { type: ResponseType.INVALID_SIGNATURE, ...REFUSED },
    { type: ResponseType.EXPIRED_TOKEN, ...REFUSED },
    { type: ResponseType.ACCESS_DENIED, ...REFUSED },
  ],
}

export function addGatewayResponses(api: RestApi, auth: Auth): void {
  for (const { type, status, error, reason, headers = {} } of [...ANSWERS, ...ANSWERS_BY_AUTH[auth.type]]) {
    const reasonJson = reason === undefined ? '$context.error.messageString' : JSON.stringify(reason)
    api.addGatewayResponse(type.responseType, {
      type,
      ...(status !== undefined && { statusCode: String(status) }),
      responseHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`])),
      templates: { 'application/json': `{"error":${JSON.stringify(error)},"reason":${reasonJson}}` },
    })
  }
}

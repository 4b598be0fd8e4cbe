import type { APIGatewayProxyEvent, LambdaFunctionURLEvent, LambdaFunctionURLEventWithIAMAuthorizer } from 'aws-lambda'

/** An HTTP request as the API reads it, whichever front it came through. */
export interface HttpEvent {
  readonly method: string
  /** As the client sent it: percent-encoded, not normalised. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Decoded; the last value where a name is repeated. */
  readonly query: Readonly<Record<string, string | undefined>>
  readonly body: string | null
  readonly isBase64Encoded: boolean
  /** Of the IAM principal whose signature the front has verified, where it verifies any. */
  readonly principalArn: string | undefined
}

/** What fronts hand to a function: a REST API (v1) its proxy event, a function URL one of payload format 2.0. */
export type FrontEvent = APIGatewayProxyEvent | UrlEvent
type UrlEvent = LambdaFunctionURLEvent | LambdaFunctionURLEventWithIAMAuthorizer

export const toHttpEvent = (event: FrontEvent): HttpEvent => ('rawPath' in event ? fromUrl(event) : fromRestApi(event))

/** API Gateway Developer Guide, "Input format of a Lambda function for proxy integration". A test invocation of its console has no headers. */
const fromRestApi = (event: APIGatewayProxyEvent): HttpEvent => ({
  method: event.httpMethod,
  path: event.path,
  headers: event.headers ?? {},
  query: event.queryStringParameters ?? {},
  body: event.body,
  isBase64Encoded: event.isBase64Encoded,
  principalArn: event.requestContext.identity.userArn ?? undefined,
})

/**
 * Lambda Developer Guide, "Invoking Lambda function URLs". `rawPath` is as the client sent it, `%2F` included, while
 * `requestContext.http.path` is decoded. `queryStringParameters` join the values of a repeated name with commas.
 */
function fromUrl(event: UrlEvent): HttpEvent {
  const { http } = event.requestContext
  return {
    method: http.method,
    path: event.rawPath,
    headers: event.headers,
    query: Object.fromEntries(new URLSearchParams(event.rawQueryString)),
    body: event.body ?? null,
    isBase64Encoded: event.isBase64Encoded,
    principalArn: principalOf(event),
  }
}

const principalOf = ({ requestContext }: UrlEvent): string | undefined =>
  'authorizer' in requestContext ? requestContext.authorizer?.iam.userArn : undefined

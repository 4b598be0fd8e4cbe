import type { LambdaFunctionURLEvent, LambdaFunctionURLEventWithIAMAuthorizer } from 'aws-lambda'
import { basic } from './client.ts'

export interface UrlRequest {
  /** Percent-encoded. */
  readonly path: string
  readonly query?: string
  readonly body?: string
  readonly isBase64Encoded?: boolean
  readonly method?: string
  /** `name:password` */
  readonly as?: string
  /** The principal that signed the request, where the URL has the auth type AWS_IAM. */
  readonly principal?: string
}

/**
 * What a function URL hands to its function, with the members and in the forms of Lambda's guide: header names in lower
 * case, `rawPath` as it was sent and `http.path` decoded, no stage and no authorizer where there is none.
 */
export function publishUrlEvent({
  path,
  query = '',
  body,
  isBase64Encoded = false,
  method = 'POST',
  as,
  principal,
}: UrlRequest): LambdaFunctionURLEvent | LambdaFunctionURLEventWithIAMAuthorizer {
  const domainName = 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws'
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: {
      host: domainName,
      'content-type': 'application/json',
      'user-agent': 'curl/8.5.0',
      'x-amzn-tls-version': 'TLSv1.3',
      'x-amzn-trace-id': 'Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      ...(as !== undefined && { authorization: basic(as) }),
    },
    ...(query !== '' && { queryStringParameters: Object.fromEntries(new URLSearchParams(query)) }),
    requestContext: {
      accountId: principal === undefined ? 'anonymous' : '123456789012',
      apiId: 'abcdefghijklmnopqrstuvwxyz012345',
      domainName,
      domainPrefix: 'abcdefghijklmnopqrstuvwxyz012345',
      http: {
        method,
        path: decodeURIComponent(path),
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'curl/8.5.0',
      },
      requestId: 'e1506fd5-9e7b-434f-bd42-4f8fa224b599',
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:09:00:00 +0000',
      timeEpoch: 1_795_251_600_000,
      ...(principal !== undefined && {
        authorizer: {
          iam: {
            accessKey: 'ASIAIOSFODNN7EXAMPLE',
            accountId: '123456789012',
            callerId: 'AROAEXAMPLE:session',
            cognitoIdentity: null,
            principalOrgId: 'o-example',
            userArn: principal,
            userId: 'AROAEXAMPLE:session',
          },
        },
      }),
    },
    ...(body !== undefined && { body }),
    isBase64Encoded,
  }
}

import type { APIGatewayProxyResult } from 'aws-lambda'

export interface GatewayResponse {
  readonly status: number
  /** A name may have several values, one header line each. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: Uint8Array
}

/** These are the front's to say, whatever the function answers. */
const NOT_TAKEN = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding'])

/**
 * What a REST API (v1) makes of a function's result: where a header is in both lists, `multiValueHeaders` counts; a
 * body without a type is `application/json`.
 * (API Gateway Developer Guide, "Output format of a Lambda function for proxy integration".)
 *
 * @throws TypeError where API Gateway would answer 502 for a malformed result
 */
export function toResponse(result: APIGatewayProxyResult): GatewayResponse {
  const status = Number(result?.statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`a handler answered status ${result?.statusCode}`)
  }
  const body: unknown = result.body ?? ''
  if (typeof body !== 'string') throw new TypeError('a handler answered a body that is not a string')
  return {
    status,
    headers: mergeHeaders(result),
    body: Buffer.from(body, result.isBase64Encoded ? 'base64' : 'utf8'),
  }
}

function mergeHeaders({ headers = {}, multiValueHeaders = {} }: APIGatewayProxyResult): Map<string, string[]> {
  const merged = new Map<string, string[]>([['content-type', ['application/json']]])
  const single = Object.entries(headers).map(([name, value]) => [name, [value]] as const)
  for (const [name, values] of [...single, ...Object.entries(multiValueHeaders)]) {
    if (!NOT_TAKEN.has(name.toLowerCase())) merged.set(name.toLowerCase(), values.map(String))
  }
  return merged
}

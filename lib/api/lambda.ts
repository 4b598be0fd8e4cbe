import type { APIGatewayProxyResult } from 'aws-lambda'
import type { Api } from './env.ts'
import { type FrontEvent, toHttpEvent } from './http-event.ts'

export type HttpHandler = (event: FrontEvent) => Promise<APIGatewayProxyResult>

/**
 * The API as a Lambda handler behind a REST API (v1) proxy integration or a function URL; both take the same form of
 * answer. Path, query, headers and body stay in the event, where handlers read them; hono, which routes, asks the Request for the method only.
 */
export const lambdaHandler =
  (api: Api): HttpHandler =>
  async (frontEvent) => {
    const event = toHttpEvent(frontEvent)
    const response = await api.fetch({ method: event.method } as Request, { event })
    const result = {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    }
    return fits(result) ? result : TOO_LARGE
  }

/** What Lambda may answer (AWS, service quotas), less what it adds. */
const MAX_RESULT_BYTES = 6 * 1024 * 1024 - 4096

/** A body below this fits whatever it holds: in JSON, no character of a JSON text takes more than three bytes. */
const SMALL_CHARACTERS = 2_000_000

const fits = (result: APIGatewayProxyResult): boolean =>
  result.body.length < SMALL_CHARACTERS || Buffer.byteLength(JSON.stringify(result)) <= MAX_RESULT_BYTES

const TOO_LARGE: APIGatewayProxyResult = {
  statusCode: 400,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
  body: JSON.stringify({
    error: 'bad_request',
    reason:
      'the answer is larger than 6 MB: ask for less of it at a time: one vhost, some of the columns, or, of lists that have pages, page=1&page_size=500',
  }),
}

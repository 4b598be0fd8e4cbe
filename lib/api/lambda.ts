import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda'
import type { Api } from './env.ts'

export type HttpHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>

/**
 * The API as a Lambda handler behind a REST API (v1) proxy integration. Path, query, headers and body stay in the event,
 * where handlers read them; the Request only carries the method.
 */
export const lambdaHandler =
  (api: Api): HttpHandler =>
  async (event) => {
    const request = new Request('http://leveret/', { method: event.httpMethod })
    const response = await api.fetch(request, { event })
    return {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    }
  }

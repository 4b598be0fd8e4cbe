/**
 * What handlers answer. For hono it stands in for a Response, which it hands through as it is; only lambda.ts reads it,
 * so it need be neither a stream nor have headers that are checked and sorted: those cost more than routing a message.
 */
class Answer {
  readonly status: number
  readonly headers: Map<string, string>
  readonly #body: string

  constructor(status: number, headers: Readonly<Record<string, string>>, body: string) {
    this.status = status
    this.headers = new Map(Object.entries(headers))
    this.#body = body
  }

  async text(): Promise<string> {
    return this.#body
  }
}

/** Names of headers are in lower case. */
export const answer = (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Response =>
  new Answer(status, headers, body) as unknown as Response

export const isAnswer = (value: unknown): value is Response => value instanceof Answer

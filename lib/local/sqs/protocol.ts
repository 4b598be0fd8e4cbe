import { randomUUID } from 'node:crypto'
import { SqsError, serializationError } from './errors.ts'
import { isJsonObject, type JsonObject } from './input.ts'

/** What the `x-amz-target` header of a call to SQS begins with. */
export const TARGET_PREFIX = 'AmazonSQS.'

export interface SqsResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The input of an AWS JSON 1.0 request; an empty body is an empty input. @throws SerializationException */
export function parseInput(body: string | Uint8Array): JsonObject {
  if (body.length === 0) return {}
  let input: unknown
  try {
    input = JSON.parse(typeof body === 'string' ? body : decoder.decode(body))
  } catch {
    throw serializationError('The request body is not valid JSON in UTF-8.')
  }
  if (!isJsonObject(input)) throw serializationError('The request body must be a JSON object.')
  return input
}

export function renderOutput(output: object): SqsResponse {
  return { status: 200, headers: headersOf({}), body: JSON.stringify(output) }
}

/**
 * An error in the form both generations of SDKs read: the shape in `__type`, the query protocol's code in a header.
 * What is not the caller's fault says nothing about the inside.
 */
export function renderError(error: unknown): SqsResponse {
  if (!(error instanceof SqsError)) {
    const body = { __type: 'com.amazonaws.sqs#InternalError', message: 'An internal error occurred.' }
    return {
      status: 500,
      headers: headersOf({ 'x-amzn-query-error': 'InternalError;Receiver' }),
      body: JSON.stringify(body),
    }
  }
  return {
    status: error.status,
    headers: headersOf({ 'x-amzn-query-error': `${error.code};Sender` }),
    body: JSON.stringify({ __type: `com.amazonaws.sqs#${error.shape}`, message: error.message }),
  }
}

function headersOf(extra: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID(), ...extra }
}

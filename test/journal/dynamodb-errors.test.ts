import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type DynamoDbStore, openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { StoreError, type Transaction } from '../../lib/journal/store.ts'

const COMMIT: Transaction = {
  writes: [
    {
      journal: 'v1',
      from: undefined,
      to: { version: 1, epoch: 'e', lease: { leaseMs: 0, waitMs: 0, sinceVersion: 1 }, sealed: false },
      entry: { version: 1, format: 1, commitId: 'c', who: 'w', when: 'now', eventsJson: '[]' },
    },
  ],
  putIntents: [],
  takeIntents: [{ id: 'i', state: 'creating' }],
}

/** A store whose database answers every call in one way. */
async function storeAnswered(answer: RequestListener): Promise<DynamoDbStore> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  const dynamodb = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const aws = { region: 'us-east-1', credentials, endpoints: { dynamodb } }
  const store = openDynamoDbStore({ aws, topologyTable: 't' })
  onTestFinished(() => {
    store.close()
    server.closeAllConnections()
    server.close()
  })
  return store
}

const refusing =
  (status: number, type: string, fields: object = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
    response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: type, ...fields }))
  }

const cancelled = (...codes: string[]): RequestListener =>
  refusing(400, 'TransactionCanceledException', { CancellationReasons: codes.map((Code) => ({ Code })) })

const kindOf = (error: unknown): string | undefined => (error instanceof StoreError ? error.kind : undefined)

describe('a commit that DynamoDB does not take', () => {
  it.each([
    ['is throttled', refusing(400, 'ProvisionedThroughputExceededException'), 'busy'],
    ['is throttled as a request', refusing(400, 'ThrottlingException'), 'busy'],
    ['meets another transaction', cancelled('TransactionConflict', 'None', 'None'), 'busy'],
    ['is throttled as a transaction', cancelled('None', 'ThrottlingError', 'None'), 'busy'],
    ['is in progress', refusing(400, 'TransactionInProgressException'), 'unknown'],
    ['fails inside', refusing(500, 'InternalServerError'), 'unknown'],
    ['has no service', refusing(503, 'ServiceUnavailable'), 'unknown'],
    ['loses its connection', (request) => void request.socket.destroy(), 'unknown'],
    ['gets no answer', () => {}, 'unknown'],
    ['is malformed', refusing(400, 'ValidationException'), undefined],
    ['has a malformed item', cancelled('None', 'ValidationError', 'None'), undefined],
    ['is not allowed', refusing(400, 'AccessDeniedException'), undefined],
  ] satisfies [string, RequestListener, string | undefined][])('because it %s', async (_why, answer, kind) => {
    const store = await storeAnswered(answer)
    const error = await store.commit(COMMIT).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Error)
    expect(kindOf(error)).toBe(kind)
  })

  it('because a head moved on is refused, whatever else happened', async () => {
    const store = await storeAnswered(cancelled('ConditionalCheckFailed', 'TransactionConflict', 'None'))
    expect(await store.commit(COMMIT)).toEqual({ status: 'refused', intents: [] })
  })

  it('because an intent was taken over is refused with its id', async () => {
    const store = await storeAnswered(cancelled('None', 'None', 'ConditionalCheckFailed'))
    expect(await store.commit(COMMIT)).toEqual({ status: 'refused', intents: ['i'] })
  })

  it('is sent once', async () => {
    let requestCount = 0
    const store = await storeAnswered((request, response) => {
      requestCount += 1
      refusing(500, 'InternalServerError')(request, response)
    })
    await store.commit(COMMIT).catch(() => {})
    expect(requestCount).toBe(1)
  })
})

describe('a read of heads', () => {
  it('that leaves some out is to be made again', async () => {
    const store = await storeAnswered((_request, response) => {
      response.setHeader('content-type', 'application/x-amz-json-1.0')
      response.end(JSON.stringify({ Responses: { t: [] }, UnprocessedKeys: { t: { Keys: [{}] } } }))
    })
    expect(kindOf(await store.readHeads(['v1']).catch((thrown: unknown) => thrown))).toBe('busy')
  })
})

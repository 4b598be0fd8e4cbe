import type { Transport } from '../../config.ts'
import type { SqsEngine } from './engine.ts'

/**
 * Carries the requests of SDK clients to an engine in the same process. The SDK does all that it does on AWS but for
 * sockets and signatures: those cost more than the engine does, and nobody checks them here.
 */
export const engineTransport = (engine: SqsEngine): Transport => ({
  requestHandler: {
    handle: (request, { abortSignal } = {}) => handle(engine, request, abortSignal),
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  },
  signer: { sign: async (request) => request },
})

type Handle = Transport['requestHandler']['handle']
type Answered = Awaited<ReturnType<Handle>>

/** A caller who has gone by the time that the answer is there gets an error, and the engine knows that it got nothing. */
async function handle(
  engine: SqsEngine,
  { headers, body = '' }: Parameters<Handle>[0],
  abortSignal: AbortSignal | undefined,
): Promise<Answered> {
  const caller = new AbortController()
  const leave = (): void => caller.abort()
  if (abortSignal?.aborted) leave()
  abortSignal?.addEventListener('abort', leave, { once: true })
  try {
    const answer = await engine.handle({ target: headers['x-amz-target'] ?? '', body, signal: caller.signal })
    caller.signal.throwIfAborted()
    return { response: { statusCode: answer.status, headers: { ...answer.headers }, body: Buffer.from(answer.body) } }
  } finally {
    abortSignal?.removeEventListener('abort', leave)
  }
}

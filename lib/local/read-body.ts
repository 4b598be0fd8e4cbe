import type { IncomingMessage } from 'node:http'

/**
 * The whole body; undefined if it is larger than `maxBytes`. Then the rest is read all the same, and thrown away: an
 * answer to a client that is still sending would be lost when the connection closes. Node's request timeout ends it.
 *
 * @throws if the client goes away
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let sizeBytes = 0
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length
      if (sizeBytes <= maxBytes) chunks.push(chunk)
      else chunks = []
    })
    request.once('end', () => resolve(sizeBytes <= maxBytes ? Buffer.concat(chunks) : undefined))
    request.once('error', reject)
    // Also comes after the end, where there is nothing to tell any more.
    request.once('close', () => request.complete || reject(new Error('the client closed the connection')))
  })
}

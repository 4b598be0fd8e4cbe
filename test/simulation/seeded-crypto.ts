import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { POOL_BYTES, takeRandomBytes } from '../../lib/broker/random-bytes.ts'

type Source = Pick<typeof crypto, 'randomBytes' | 'randomFillSync' | 'randomUUID' | 'randomInt' | 'randomFill'>

/**
 * Draws everything that the code under test draws from `node:crypto` from a seed, so that ids, names and tags are the same
 * in each replay. Answers what puts the real source back.
 */
export function seedCrypto(seed: number): () => void {
  const { randomBytes, randomFillSync, randomUUID, randomInt, randomFill } = crypto
  const fill = seededFill(seed)
  install({
    randomBytes: ((size: number) => fill(Buffer.alloc(size))) as typeof randomBytes,
    randomFillSync: fill as typeof randomFillSync,
    randomUUID: unseeded,
    randomInt: unseeded,
    randomFill: unseeded,
  })
  return () => install({ randomBytes, randomFillSync, randomUUID, randomInt, randomFill })
}

/** A run that drew from elsewhere would be another each time, which shows only where it decides something. */
function unseeded(): never {
  throw new Error('the simulation has no seed for this source of randomness: seeded-crypto.ts')
}

function seededFill(seed: number): (bytes: Buffer) => Buffer {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  return (bytes) => {
    for (let index = 0; index < bytes.length; index += 1) {
      // Marsaglia's xorshift: https://www.jstatsoft.org/article/view/v008i14
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      bytes[index] = state >>> 11
    }
    return bytes
  }
}

function install(source: Source): void {
  // What is left of the bytes that were drawn before is nobody's.
  takeRandomBytes(POOL_BYTES)
  Object.assign(crypto, source)
  syncBuiltinESMExports()
}

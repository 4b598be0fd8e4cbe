import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Draws everything that the code under test draws from `node:crypto` from a seed, so that ids, names and tags are the same
 * in each replay. Answers what puts the real source back.
 */
export function seedCrypto(seed: number): () => void {
  const real = crypto.randomBytes
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  const seeded = (size: number): Buffer => {
    const bytes = Buffer.alloc(size)
    for (let index = 0; index < size; index += 1) {
      // Marsaglia's xorshift: https://www.jstatsoft.org/article/view/v008i14
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      bytes[index] = state >>> 11
    }
    return bytes
  }
  install(seeded as typeof crypto.randomBytes)
  return () => install(real)
}

function install(randomBytes: typeof crypto.randomBytes): void {
  crypto.randomBytes = randomBytes
  syncBuiltinESMExports()
}

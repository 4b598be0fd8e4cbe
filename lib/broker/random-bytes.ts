import { randomFillSync } from 'node:crypto'

export const POOL_BYTES = 4096
const pool = Buffer.alloc(POOL_BYTES)
let used = pool.length

/** Random bytes, each given out once. They are made many at a time: making 16 takes as long as making hundreds. For ids, not for secrets. */
export function takeRandomBytes(count: number): Uint8Array {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += count
  return pool.subarray(used - count, used)
}

/** MurmurHash3, the 32-bit variant for x86, of the text's UTF-8: stable for good, since placements depend on it. */
export function murmur3(text: string, seed = 0): number {
  const bytes = Buffer.from(text)
  const tail = bytes.length & ~3
  let hash = seed
  for (let at = 0; at < tail; at += 4) {
    hash ^= mixBlock(bytes.readUInt32LE(at))
    hash = (Math.imul(rotateLeft(hash, 13), 5) + 0xe6546b64) | 0
  }
  if (tail < bytes.length) hash ^= mixBlock(bytes.readUIntLE(tail, bytes.length - tail))
  return mix32(hash ^ bytes.length)
}

/** MurmurHash3's finalizer: a bijection of 32-bit integers in which every input bit sways every output bit. */
export function mix32(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const mixBlock = (block: number): number => Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593)

const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))

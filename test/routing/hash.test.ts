import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mix32, murmur3 } from '../../lib/routing/hash.ts'
import { texts } from '../support/amqp-values.ts'

/** Published results of MurmurHash3_x86_32, for every length of the last block. */
const KNOWN: [text: string, seed: number, hash: number][] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0, 0xc0363e43],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
]

describe('the hash that placements depend on', () => {
  it.each(KNOWN)('of "%s" with seed %i is the published one', (text, seed, hash) => {
    expect(murmur3(text, seed)).toBe(hash)
  })

  it('is an unsigned 32-bit integer for any text', () => {
    fc.assert(
      fc.property(texts(), (text) => {
        expect(murmur3(text) >>> 0).toBe(murmur3(text))
      }),
    )
  })

  it('changes about half of its bits with any one bit of what is mixed', () => {
    const samples = 2000
    for (let bit = 0; bit < 32; bit++) {
      let changed = 0
      for (let value = 0; value < samples; value++) changed += bitCount(mix32(value) ^ mix32(value ^ (1 << bit)))
      expect(changed / samples).toBeGreaterThan(15)
      expect(changed / samples).toBeLessThan(17)
    }
  })
})

const bitCount = (value: number): number => (value >>> 0).toString(2).replaceAll('0', '').length

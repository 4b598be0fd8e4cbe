import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CopyIdentity, deduplicationIdOf, encodeCopy, parseCopy } from '../../lib/delivery/copy.ts'
import { UnknownEnvelopeError } from '../../lib/delivery/envelope-metadata.ts'
import { awkwardTexts } from './support.ts'

const ULID = /^[0-9a-hjkmnp-tv-z]{26}$/
const identities: fc.Arbitrary<CopyIdentity> = fc.record({
  publishId: fc.stringMatching(ULID),
  queueId: fc.stringMatching(ULID),
  hop: fc.nat(300),
})

describe('the identity of a copy', () => {
  it('comes back as it was', () => {
    const anything = fc.record(
      { publishId: awkwardTexts, queueId: awkwardTexts, hop: fc.nat() },
      { noNullPrototype: true },
    )
    fc.assert(fc.property(anything, (identity) => isDeepStrictEqual(parseCopy(encodeCopy(identity)), identity)))
  })

  it('makes a deduplication id that SQS accepts and that no other identity has', () => {
    fc.assert(
      fc.property(identities, identities, (one, other) => {
        expect(deduplicationIdOf(one)).toMatch(/^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/)
        expect(deduplicationIdOf(one) === deduplicationIdOf(other)).toBe(encodeCopy(one) === encodeCopy(other))
      }),
    )
  })

  it.each([
    '',
    '{}',
    '{"publish":"p"}',
    '{"publish":"p","queue":"q","hop":-1}',
    '{"publish":"p","queue":"q","hop":0.5}',
  ])('is refused as %j', (attribute) => {
    expect(() => parseCopy(attribute)).toThrow(UnknownEnvelopeError)
  })
})

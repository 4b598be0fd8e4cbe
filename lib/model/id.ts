/** Crockford's base 32, lower case: what ULIDs and the random part of physical names are written in. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_CHARACTERS = 10
const RANDOM_BYTES = 16

/**
 * A ULID: 48 bits of time, 80 random bits, in 26 characters that sort by time. Pure: the caller brings the clock
 * reading and the randomness (16 bytes, 5 bits of each are used).
 */
export function ulid(wallMs: number, random: Uint8Array): string {
  if (random.length !== RANDOM_BYTES) throw new RangeError(`a ULID takes ${RANDOM_BYTES} random bytes`)
  return timeText(wallMs) + randomText(random)
}

function timeText(wallMs: number): string {
  let rest = wallMs
  let text = ''
  for (let index = 0; index < TIME_CHARACTERS; index += 1) {
    text = ALPHABET[rest % 32] + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** Random text of the alphabet, a character for each byte. */
export function randomText(random: Uint8Array): string {
  let text = ''
  for (const byte of random) text += ALPHABET[byte % 32]
  return text
}

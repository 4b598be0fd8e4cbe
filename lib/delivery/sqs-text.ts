/**
 * What SQS can carry: #x9, #xA, #xD, #x20–#xD7FF, #xE000–#xFFFD and #x10000–#x10FFFF (SQS API reference, SendMessage).
 * Well-formed text holds surrogates in pairs only, and every pair is one of the last range, so looking for UTF-16 units
 * outside of #x20–#xFFFD is enough.
 */
const NOT_CARRIED = /[^\t\n\r\u0020-\uFFFD]/

/** Whether SQS accepts a text, which must be well-formed (no lone surrogates). */
export const isCarried = (wellFormed: string): boolean => !NOT_CARRIED.test(wellFormed)

/**
 * JSON that SQS accepts whatever the strings in it hold: `JSON.stringify` escapes control characters and lone
 * surrogates, so only the two non-characters are left.
 */
export function carriedJson(value: unknown): string {
  const json = JSON.stringify(value)
  return isCarried(json) ? json : json.replace(/[\uFFFE\uFFFF]/g, (unit) => (unit === '\uFFFE' ? '\\ufffe' : '\\uffff'))
}

const STRING_TYPE_BYTES = 'String'.length

/** What a String attribute adds to a message's size: its name, type and value (SQS counts all three). */
export const attributeSizeBytes = (name: string, value: string): number =>
  name.length + STRING_TYPE_BYTES + Buffer.byteLength(value)

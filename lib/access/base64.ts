/** RFC 4648 §4 with padding, nothing else: Node's own decoder passes over what it does not know. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The bytes that a base64 text stands for, or undefined where it is not strictly base64. */
export const bytesFromBase64 = (text: string): Buffer | undefined =>
  BASE64.test(text) ? Buffer.from(text, 'base64') : undefined

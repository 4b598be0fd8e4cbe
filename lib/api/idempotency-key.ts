import { invalid } from '../model/errors.ts'
import type { ApiContext } from './env.ts'
import { header } from './session.ts'

const MAX_KEY_LENGTH = 255

/** What the publisher calls this request, so that it can be repeated (docs/api.md). Throws `invalid` for what is no key. */
export function idempotencyKey(c: ApiContext): string | undefined {
  const key = header(c, 'idempotency-key')
  if (key === undefined || (key.length > 0 && key.length <= MAX_KEY_LENGTH)) return key
  throw invalid(`an Idempotency-Key has 1 to ${MAX_KEY_LENGTH} characters`)
}

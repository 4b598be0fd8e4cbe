import type { AmqpValue } from '../../model/amqp-value.ts'
import { invalid } from '../../model/errors.ts'

/** Tags of users and vhosts: an array of strings, or one string with commas; their order is kept (contract §1.2, §1.5). */
export function parseTags(value: AmqpValue): string[] {
  const parts = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(parts)) throw invalid('tags must be an array of strings, or a string with commas')
  const tags = parts.map((tag) => {
    if (typeof tag !== 'string') throw invalid('tags must be strings')
    return tag.trim()
  })
  return tags.filter((tag) => tag !== '')
}

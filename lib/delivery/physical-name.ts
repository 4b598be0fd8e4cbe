/** An SQS queue's name: up to 80 letters, digits, dashes and underscores, `.fifo` included (SQS, quotas of queues). */
const MAX_NAME_LENGTH = 80
const FIFO_SUFFIX = '.fifo'

/** How many random characters make a name that was never used before: a deleted SQS queue's name is blocked for 60 s. */
export const PHYSICAL_NAME_RANDOM_LENGTH = 10

/**
 * The name of a new SQS queue, `{prefix}-{slug}-{random}`: the slug is what is left of `source`, the declared name, for
 * people who look at a list of SQS queues. `random` is {@link PHYSICAL_NAME_RANDOM_LENGTH} characters of base 32.
 */
export function physicalName(prefix: string, source: string, random: string, fifo: boolean): string {
  const suffix = `-${random}${fifo ? FIFO_SUFFIX : ''}`
  const roomForSlug = MAX_NAME_LENGTH - prefix.length - 1 - suffix.length
  if (roomForSlug < 1) throw new RangeError(`the name prefix '${prefix}' leaves no room in an SQS queue's name`)
  return `${prefix}-${slugOf(source, roomForSlug)}${suffix}`
}

/** Every other character becomes a dash, several a single one. */
const slugOf = (source: string, maxLength: number): string =>
  source
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-/, '')
    .slice(0, maxLength)
    .replace(/-$/, '') || 'q'

const RANDOM_PART = new RegExp(`-[0-9a-hjkmnp-tv-z]{${PHYSICAL_NAME_RANDOM_LENGTH}}(?:\\.fifo)?$`)

/** Whether {@link physicalName} makes such names of this prefix. */
export const isPhysicalName = (prefix: string, name: string): boolean =>
  name.startsWith(`${prefix}-`) && RANDOM_PART.test(name.slice(prefix.length + 1))

export const isFifoName = (sqsQueueName: string): boolean => sqsQueueName.endsWith(FIFO_SUFFIX)

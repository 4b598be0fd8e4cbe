import type { InternalQueue } from '../../config.ts'
import type { CreateOptions } from '../../delivery/sqs-queues.ts'

/** What is wrong with an SQS queue, or with the lack of one. */
export type Finding =
  /** A declared queue has no SQS queue: publishes to it answer 503. */
  | {
      readonly type: 'missing'
      readonly name: string
      readonly owner: string
      readonly options: CreateOptions | undefined
    }
  /** One of the queues that the stack makes is not there. */
  | { readonly type: 'missing-internal'; readonly name: string; readonly queue: InternalQueue }
  /** No declared queue owns it. */
  | { readonly type: 'orphan'; readonly name: string; readonly messages: number }
  /** It is not as it was made; `expected` holds the attributes that differ. */
  | {
      readonly type: 'wrong-attributes'
      readonly name: string
      readonly owner: string
      readonly actual: Readonly<Record<string, string | undefined>>
      readonly expected: Readonly<Record<string, string>>
    }

/** The owner of its internal queues. */
export const THE_BROKER = 'the broker itself'

/** One line for people. */
export function describeFinding(finding: Finding): string {
  const { name } = finding
  switch (finding.type) {
    case 'missing':
      return `missing           ${name}: the SQS queue of ${finding.owner}`
    case 'missing-internal':
      return `missing           ${name}: a queue of ${THE_BROKER}`
    case 'orphan':
      return `orphan            ${name}: no declared queue owns it; about ${finding.messages} messages`
    case 'wrong-attributes':
      return `wrong attributes  ${name} (${finding.owner}): ${Object.entries(finding.expected)
        .map(([attribute, value]) => `${attribute} is ${finding.actual[attribute] ?? 'not set'}, not ${value}`)
        .join('; ')}`
  }
}

/** The attributes of an SQS queue that are not as they should be, by what they should be. */
export function differingAttributes(
  actual: Readonly<Record<string, string | undefined>>,
  expected: Readonly<Record<string, string>>,
): Record<string, string> {
  const differing = Object.entries(expected).filter(([name, value]) => !isEquivalent(name, actual, value))
  return Object.fromEntries(differing)
}

function isEquivalent(name: string, actual: Readonly<Record<string, string | undefined>>, expected: string): boolean {
  // A key of one's own takes the place of SQS's.
  if (name === 'SqsManagedSseEnabled' && actual.KmsMasterKeyId !== undefined) return true
  const value = actual[name]
  return name.endsWith('Policy') ? canonicalJson(value) === canonicalJson(expected) : value === expected
}

/** What the same policy may look like: fields in any order, counts as texts, everybody written in two ways, statements named. */
function canonicalJson(json: string | undefined): string | undefined {
  if (json === undefined) return undefined
  return JSON.stringify(JSON.parse(json), (key, value: unknown) => {
    if (key === 'Sid') return undefined
    if (typeof value === 'number') return String(value)
    if (key === 'Principal' && JSON.stringify(value) === '{"AWS":"*"}') return '*'
    return isPlainObject(value) ? sorted(value) : value
  })
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const sorted = (object: object): object =>
  Object.fromEntries(Object.entries(object).sort(([left], [right]) => (left < right ? -1 : 1)))

import type { AmqpValue } from '../../model/amqp-value.ts'
import { invalid } from '../../model/errors.ts'
import { toStored } from '../../model/json.ts'
import type { ImportIntoVhost, ImportItem } from '../vhost/import.ts'
import type { QueueDefinition, VhostContents } from './definitions.ts'

/** What one commit may hold of events in their stored form; a journal's entries hold half as much again (DESIGN §3). */
export const MAX_COMMIT_BYTES = 200 * 1024

/** Each is an SQS queue to be made, which a request has little time for. */
export const MAX_QUEUES_PER_COMMIT = 100

/** What an event may hold beyond the item that caused it: the names of its fields, ids, names of SQS queues. */
const EVENT_OVERHEAD_BYTES = 1000

/** A part of an import that is committed at once. */
export type VhostCommit =
  | { readonly type: 'items'; readonly command: ImportIntoVhost; readonly count: number }
  | { readonly type: 'queues'; readonly queues: readonly QueueDefinition[]; readonly count: number }

export interface Maker {
  /** Who imports. */
  readonly user: string
  readonly mintId: () => string
}

/**
 * What one vhost gets, cut into commits of one kind each, in the order of contract §4.2: exchanges, policies,
 * parameters, queues, bindings. Each is valid by itself once the earlier ones are made, and its events take at most
 * {@link MAX_COMMIT_BYTES}. Queues stay definitions: SQS queues are to be made for them first.
 * Throws `invalid` for an item that is too large for any commit.
 */
export function cutIntoCommits(contents: VhostContents, { user, mintId }: Maker): VhostCommit[] {
  const items = (kind: readonly ImportItem[]): VhostCommit[] =>
    cut(kind).map((part) => ({ type: 'items', command: { type: 'import', items: part }, count: part.length }))
  return [
    ...items(contents.exchanges.map((exchange) => ({ type: 'declare-exchange', id: mintId(), user, ...exchange }))),
    ...items(contents.policies.map((policy) => ({ type: 'set-policy', policy }))),
    ...items(contents.parameters.map((parameter) => ({ type: 'set-parameter', parameter }))),
    ...cut(contents.queues, MAX_QUEUES_PER_COMMIT).map(
      (queues): VhostCommit => ({ type: 'queues', queues, count: queues.length }),
    ),
    ...items(contents.bindings.map((binding) => ({ type: 'bind', ...binding }))),
  ]
}

/** Runs of at most `maxCount` elements whose events fit a commit, in order. Throws `invalid` for one that fits none. */
export function cut<T extends object>(elements: readonly T[], maxCount = Number.POSITIVE_INFINITY): T[][] {
  const parts: T[][] = []
  let part: T[] = []
  let sizeBytes = 0
  for (const element of elements) {
    const elementBytes = eventBytes(element)
    if (part.length === maxCount || sizeBytes + elementBytes > MAX_COMMIT_BYTES) {
      parts.push(part)
      part = []
      sizeBytes = 0
    }
    part.push(element)
    sizeBytes += elementBytes
  }
  parts.push(part)
  return parts.filter(({ length }) => length > 0)
}

function eventBytes(element: object): number {
  // What is imported is data all of whose values have a stored form.
  const text = JSON.stringify(toStored(element as unknown as AmqpValue))
  const sizeBytes = Buffer.byteLength(text) + EVENT_OVERHEAD_BYTES
  if (sizeBytes <= MAX_COMMIT_BYTES) return sizeBytes
  const limit = MAX_COMMIT_BYTES - EVENT_OVERHEAD_BYTES
  throw invalid(`an item is larger than ${limit} bytes, make it smaller: ${text.slice(0, 100)}…`)
}

import type { AmqpValue } from '../../model/amqp-value.ts'
import { type BrokerError, invalid } from '../../model/errors.ts'
import { toStored } from '../../model/json.ts'
import type { ImportIntoVhost, ImportItem } from '../vhost/import.ts'
import type { QueueDefinition, VhostContents } from './definitions.ts'

/** What one commit may hold of events in their stored form; a journal's entries hold half as much again (docs/architecture.md). */
export const MAX_COMMIT_BYTES = 200 * 1024

/** Each is an SQS queue to be made, which a request has little time for. */
export const MAX_QUEUES_PER_COMMIT = 100

/** What an event may hold beyond the item that caused it: the names of its fields, and ids. */
const EVENT_OVERHEAD_BYTES = 300

/** A queue's event names the SQS queues behind it too, of which there are five at most (docs/architecture.md). */
const QUEUE_OVERHEAD_BYTES = 1200

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
    ...cut(contents.queues, queueBytes(user), MAX_QUEUES_PER_COMMIT).map(
      (queues): VhostCommit => ({ type: 'queues', queues, count: queues.length }),
    ),
    ...items(contents.bindings.map((binding) => ({ type: 'bind', ...binding }))),
  ]
}

const queueBytes =
  (user: string): SizeOf<QueueDefinition> =>
  (queue) =>
    eventBytes({ user, ...queue }) + QUEUE_OVERHEAD_BYTES

/** The stored size of the event that an element causes, or more. */
export type SizeOf<T> = (element: T) => number

/**
 * Runs of at most `maxCount` elements whose events fit a commit, in order. Throws `invalid` for an element that fits none.
 */
export function cut<T extends object>(
  elements: readonly T[],
  sizeOf: SizeOf<T> = eventBytes,
  maxCount = Number.POSITIVE_INFINITY,
): T[][] {
  const parts: T[][] = []
  let part: T[] = []
  let sizeBytes = 0
  for (const element of elements) {
    const elementBytes = sizeOf(element)
    if (elementBytes > MAX_COMMIT_BYTES) throw tooLarge(element)
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

/** The size of an event that holds no more than what causes it. */
export const eventBytes = (cause: object): number => Buffer.byteLength(storedText(cause)) + EVENT_OVERHEAD_BYTES

// What is imported is data all of whose values have a stored form.
const storedText = (cause: object): string => JSON.stringify(toStored(cause as unknown as AmqpValue))

const tooLarge = (element: object): BrokerError =>
  invalid(
    `an item is larger than a commit may be, which is ${MAX_COMMIT_BYTES} bytes: ${storedText(element).slice(0, 100)}…`,
  )

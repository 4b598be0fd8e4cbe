import { CONTROL_PLANE_CONCURRENCY } from '../../broker/sqs-intents.ts'
import { type InternalQueue, internalQueueName, internalQueues } from '../../config.ts'
import { mapConcurrent } from '../../delivery/concurrent.ts'
import { isPhysicalName } from '../../delivery/physical-name.ts'
import type { SqsQueues } from '../../delivery/sqs-queues.ts'
import { differingAttributes, type Finding, THE_BROKER } from './findings.ts'
import type { DeclaredSqsQueue, JournalAccount } from './read-journal.ts'

export interface Examination {
  readonly findings: readonly Finding[]
  /** Names that begin as ours do but were given by somebody else: never touched. */
  readonly foreign: readonly string[]
  readonly declaredCount: number
}

/** What there is: SQS queues by name as they were listed, before the journal was read. */
export interface Found {
  readonly namePrefix: string
  readonly listed: readonly string[]
  readonly account: JournalAccount
  readonly queues: SqsQueues
}

/** Compares what is declared with what SQS has. Nothing is changed. */
export async function examine({ namePrefix, listed, account, queues }: Found): Promise<Examination> {
  const { declared, inHand } = account
  const internal = new Map(internalQueues().map((queue) => [internalQueueName({ namePrefix }, queue), queue]))
  const unowned = listed.filter((name) => !declared.has(name) && !inHand.has(name) && !internal.has(name))
  const orphans = unowned.filter((name) => isPhysicalName(namePrefix, name))
  const findings = [
    ...(await mapConcurrent([...internal], CONTROL_PLANE_CONCURRENCY, ([name, queue]) =>
      examineInternal(queues, name, queue),
    )),
    ...(await mapConcurrent([...declared], CONTROL_PLANE_CONCURRENCY, ([name, sqsQueue]) =>
      examineDeclared(queues, name, sqsQueue),
    )),
    ...(await mapConcurrent(orphans, CONTROL_PLANE_CONCURRENCY, (name) => examineOrphan(queues, name))),
  ]
  return {
    findings: findings.filter((finding) => finding !== undefined).sort((a, b) => rankOf(a) - rankOf(b)),
    foreign: unowned.filter((name) => !isPhysicalName(namePrefix, name)),
    declaredCount: declared.size,
  }
}

/** What is missing comes first: the attributes of others may point to it. */
const rankOf = ({ type }: Finding): number => (type === 'missing-internal' ? 0 : 1)

async function examineInternal(queues: SqsQueues, name: string, queue: InternalQueue): Promise<Finding | undefined> {
  const actual = await queues.attributes(name)
  if (actual === undefined) return { type: 'missing-internal', name, queue }
  const expected = differingAttributes(actual, queues.internalAttributes(queue))
  if (Object.keys(expected).length === 0) return undefined
  return { type: 'wrong-attributes', name, owner: THE_BROKER, actual, expected }
}

async function examineDeclared(
  queues: SqsQueues,
  name: string,
  { owner, options }: DeclaredSqsQueue,
): Promise<Finding | undefined> {
  const actual = await queues.attributes(name)
  if (actual === undefined) return { type: 'missing', name, owner, options }
  const expected = options ? differingAttributes(actual, queues.attributesFor(name, options)) : {}
  return Object.keys(expected).length === 0 ? undefined : { type: 'wrong-attributes', name, owner, actual, expected }
}

/** Undefined for one that has gone since it was listed. */
async function examineOrphan(queues: SqsQueues, name: string): Promise<Finding | undefined> {
  const attributes = await queues.attributes(name)
  if (attributes === undefined) return undefined
  const messages = COUNTS.reduce((sum, count) => sum + Number(attributes[count] ?? 0), 0)
  return { type: 'orphan', name, messages }
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
]

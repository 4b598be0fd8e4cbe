import type { Action, SqsContext } from '../context.ts'
import { invalidParameterValue, queueDoesNotExist, SqsError } from '../errors.ts'
import { type JsonObject, readInteger, readString, readStringMap, requireString } from '../input.ts'
import { attributesInForce, mergeAttributes, normaliseAttribute } from '../queue-attributes.ts'
import type { Queue } from '../queue-registry.ts'
import { assertRedriveTarget } from './redrive-target.ts'

const BLOCKED_AFTER_MS = 60_000
const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/
const FIFO_QUEUE_NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/
const MAX_PAGE = 1000

/** Idempotent for attributes that agree with the queue's; attributes that are not given are not compared. */
export const createQueue: Action = (context, input) => {
  const name = requireString(input, 'QueueName')
  const given = readStringMap(input, 'Attributes')
  const tags = Object.fromEntries(readStringMap(input, 'tags'))
  const isFifo = parseQueueType(name, given)
  const existing = context.queues.find(name)
  if (existing !== undefined) {
    assertSameAttributes(existing, given)
    return { QueueUrl: context.urlOf(existing) }
  }
  const now = context.now()
  const attributes = mergeAttributes({}, given, isFifo)
  assertRedriveTarget(context, context.queues.arnOf(name), attributes)
  assertNotDeletedRecently(context, name, now)
  context.queues.forgetDeletedBefore(now - BLOCKED_AFTER_MS)
  return { QueueUrl: context.urlOf(context.queues.create(name, attributes, tags, now)) }
}

function parseQueueType(name: string, attributes: ReadonlyMap<string, string>): boolean {
  const fifoQueue = attributes.get('FifoQueue')
  const isFifo = fifoQueue !== undefined && normaliseAttribute('FifoQueue', fifoQueue, true) === 'true'
  if (isFifo && !FIFO_QUEUE_NAME.test(name)) {
    throw invalidParameterValue(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    )
  }
  if (!isFifo && !QUEUE_NAME.test(name)) {
    throw invalidParameterValue('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.')
  }
  return isFifo
}

function assertSameAttributes(queue: Queue, given: ReadonlyMap<string, string>): void {
  const effective = attributesInForce(queue.attributes)
  for (const [name, value] of given) {
    if (normaliseAttribute(name, value, queue.settings.isFifo) !== (effective[name] ?? '')) {
      throw new SqsError(
        'QueueNameExists',
        `A queue already exists with the same name and a different value for attribute ${name}`,
      )
    }
  }
}

function assertNotDeletedRecently(context: SqsContext, name: string, now: number): void {
  const deletedAt = context.queues.deletedAt(name)
  if (deletedAt === undefined || now - deletedAt >= BLOCKED_AFTER_MS) return
  throw new SqsError(
    'QueueDeletedRecently',
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  )
}

export const deleteQueue: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  context.queues.delete(queue, context.now())
  context.longPolls.touch(queue.id)
  context.sweeper.wake()
  return {}
}

export const getQueueUrl: Action = (context, input) => {
  const queue = context.queues.find(requireString(input, 'QueueName'))
  const owner = readString(input, 'QueueOwnerAWSAccountId')
  if (queue === undefined || (owner !== undefined && owner !== context.accountId)) throw queueDoesNotExist()
  return { QueueUrl: context.urlOf(queue) }
}

export const purgeQueue: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const now = context.now()
  if (queue.purgedAt !== null && now - queue.purgedAt < BLOCKED_AFTER_MS) {
    throw new SqsError(
      'PurgeQueueInProgress',
      `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`,
    )
  }
  context.queues.purge(queue, now)
  context.sweeper.wake()
  return {}
}

/** `NextToken` comes only with a page that MaxResults asked for, as on AWS; without it 1,000 queues are listed. */
export const listQueues: Action = (context, input) => {
  const prefix = readString(input, 'QueueNamePrefix') ?? ''
  const { page, nextToken } = paginate(
    input,
    context.queues.list().filter((queue) => queue.name.startsWith(prefix)),
  )
  const urls = page.map(context.urlOf)
  return { ...(urls.length > 0 && { QueueUrls: urls }), ...nextToken }
}

export const listDeadLetterSourceQueues: Action = (context, input) => {
  const target = context.queues.require(requireString(input, 'QueueUrl'))
  const { page, nextToken } = paginate(
    input,
    context.queues.list().filter((queue) => queue.settings.redrive?.deadLetterTargetArn === target.arn),
  )
  return { queueUrls: page.map(context.urlOf), ...nextToken }
}

function paginate(input: JsonObject, queues: Queue[]): { page: Queue[]; nextToken: { NextToken?: string } } {
  const maxResults = readInteger(input, 'MaxResults', 1, MAX_PAGE)
  const token = readString(input, 'NextToken')
  const after = token === undefined ? '' : Buffer.from(token, 'base64').toString()
  const rest = queues.filter((queue) => queue.name > after)
  const page = rest.slice(0, maxResults ?? MAX_PAGE)
  const last = page.at(-1)
  const isCut = maxResults !== undefined && last !== undefined && rest.length > page.length
  return { page, nextToken: isCut ? { NextToken: Buffer.from(last.name).toString('base64') } : {} }
}

import type { Action, SqsContext } from '../context.ts'
import { SqsError } from '../errors.ts'
import { readStringList, readStringMap, requireString } from '../input.ts'
import { attributesInForce, isAttributeName, mergeAttributes, unknownAttribute } from '../queue-attributes.ts'
import type { Queue } from '../queue-registry.ts'
import { removeExpired } from '../receiving.ts'
import { assertRedriveTarget } from './redrive-target.ts'

export const getQueueAttributes: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const names = readStringList(input, 'AttributeNames')
  for (const name of names) {
    if (!isAttributeName(name)) throw unknownAttribute(name)
  }
  const wanted = new Set(names)
  const all = describeQueue(context, queue)
  const shown = Object.entries(all).filter(([name]) => wanted.has('All') || wanted.has(name))
  return shown.length > 0 ? { Attributes: Object.fromEntries(shown) } : {}
}

function describeQueue(context: SqsContext, queue: Queue): Record<string, string> {
  const now = context.now()
  removeExpired(context, queue, now)
  const counts = context.messages.count(queue, now)
  return {
    QueueArn: queue.arn,
    CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedAt / 1000)),
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    ...attributesInForce(queue.attributes),
  }
}

export const setQueueAttributes: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const changes = readStringMap(input, 'Attributes')
  if (changes.has('FifoQueue') && !queue.settings.isFifo) throw unknownAttribute('FifoQueue')
  if (changes.size === 0)
    throw new SqsError('MissingParameter', 'The request must contain the parameter Attribute.Name.')
  const attributes = mergeAttributes(queue.attributes, changes, queue.settings.isFifo)
  if (changes.has('RedrivePolicy')) assertRedriveTarget(context, queue.arn, attributes)
  context.queues.setAttributes(queue, attributes, context.now())
  context.longPolls.touch(queue.id)
  return {}
}

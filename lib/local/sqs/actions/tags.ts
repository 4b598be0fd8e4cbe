import type { Action } from '../context.ts'
import { invalidParameterValue } from '../errors.ts'
import { readStringList, readStringMap, requireString } from '../input.ts'

const MAX_TAGS = 50

export const tagQueue: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const tags = { ...queue.tags, ...Object.fromEntries(readStringMap(input, 'Tags')) }
  if (Object.keys(tags).length > MAX_TAGS) {
    throw invalidParameterValue(`Too many tags added for queue ${queue.name}.`)
  }
  context.queues.setTags(queue, tags)
  return {}
}

export const untagQueue: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const removed = new Set(readStringList(input, 'TagKeys'))
  const kept = Object.entries(queue.tags).filter(([key]) => !removed.has(key))
  context.queues.setTags(queue, Object.fromEntries(kept))
  return {}
}

export const listQueueTags: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  return Object.keys(queue.tags).length > 0 ? { Tags: queue.tags } : {}
}

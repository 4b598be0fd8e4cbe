import type { Action, SqsContext } from '../context.ts'
import { invalidParameterValue, SqsError } from '../errors.ts'
import { readInteger, readString, requireString } from '../input.ts'
import type { MoveTask } from '../move-tasks.ts'
import type { Queue } from '../queue-registry.ts'

const MAX_RATE = 500
const MAX_LISTED = 10
const HANDLE_PREFIX = 'move-task:'

/** @throws ResourceNotFoundException; InvalidParameterValue unless the source is some queue's dead-letter queue. */
export const startMessageMoveTask: Action = (context, input) => {
  const source = requireResource(context, requireString(input, 'SourceArn'), 'SourceArn')
  const destinationArn = readString(input, 'DestinationArn')
  const rate = readInteger(input, 'MaxNumberOfMessagesPerSecond', 1, MAX_RATE)
  if (destinationArn !== undefined) {
    const destination = requireResource(context, destinationArn, 'DestinationArn')
    if (destination === source)
      throw invalidParameterValue('Source queue arn and destination queue arn cannot be the same.')
  }
  const isDeadLetterQueue = context.queues
    .list()
    .some((queue) => queue.settings.redrive?.deadLetterTargetArn === source.arn)
  if (!isDeadLetterQueue) throw invalidParameterValue('Source queue must be configured as a Dead Letter Queue.')
  if (context.moveTasks.list(source.arn, 1).some((task) => task.status === 'RUNNING')) {
    throw new SqsError(
      'UnsupportedOperation',
      'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    )
  }
  const task = context.moveTasks.start(source, destinationArn, rate)
  return task === undefined ? {} : { TaskHandle: formatHandle(task) }
}

export const listMessageMoveTasks: Action = (context, input) => {
  const source = requireResource(context, requireString(input, 'SourceArn'), 'SourceArn')
  const limit = readInteger(input, 'MaxResults', 1, MAX_LISTED) ?? 1
  return { Results: context.moveTasks.list(source.arn, limit).map(renderTask) }
}

export const cancelMessageMoveTask: Action = (context, input) => {
  const task = context.moveTasks.find(parseHandle(requireString(input, 'TaskHandle')))
  if (task === undefined) throw new SqsError('ResourceNotFoundException', 'Task does not exist.')
  if (task.status !== 'RUNNING') {
    throw new SqsError('UnsupportedOperation', 'Only active tasks can be cancelled.')
  }
  context.moveTasks.cancel(task)
  return { ApproximateNumberOfMessagesMoved: task.moved }
}

function requireResource(context: SqsContext, arn: string, parameter: string): Queue {
  const queue = context.queues.findByArn(arn)
  if (queue !== undefined) return queue
  throw new SqsError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  )
}

/** AWS shows a handle only while the task can be cancelled. */
function renderTask(task: MoveTask): object {
  return {
    ...(task.status === 'RUNNING' && { TaskHandle: formatHandle(task) }),
    Status: task.status,
    SourceArn: task.source_arn,
    ...(task.destination_arn !== null && { DestinationArn: task.destination_arn }),
    ...(task.rate !== null && { MaxNumberOfMessagesPerSecond: task.rate }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.to_move,
    ...(task.failure !== null && { FailureReason: task.failure }),
    StartedTimestamp: task.started_at,
  }
}

function formatHandle(task: MoveTask): string {
  return Buffer.from(HANDLE_PREFIX + task.id).toString('base64')
}

function parseHandle(handle: string): number {
  const text = Buffer.from(handle, 'base64').toString('latin1')
  const id = text.startsWith(HANDLE_PREFIX) ? Number(text.slice(HANDLE_PREFIX.length)) : Number.NaN
  if (!Number.isSafeInteger(id)) throw invalidParameterValue('The task handle is not valid.')
  return id
}

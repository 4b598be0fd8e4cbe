import type { SqsQueue } from '../../model/queue.ts'
import type { VhostEvent } from './events.ts'
import type { VhostState } from './state.ts'

/** Gives a queue an SQS queue for its dead letters. */
export interface OpenDeadLetters {
  readonly type: 'open-dead-letters'
  readonly id: string
  readonly sqsQueue: SqsQueue
}

/** No event where the queue has one, or is gone. */
export function openDeadLetters(state: VhostState, { id, sqsQueue }: OpenDeadLetters): VhostEvent[] {
  const queue = state.queueById(id)
  if (!queue || queue.deadLetters) return []
  return [{ type: 'dead-letters-opened', id, name: queue.name, sqsQueue }]
}

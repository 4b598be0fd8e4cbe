import { ListMessageMoveTasksCommand, SQSClient, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs'
import { type AwsOptions, clientOptions } from '../config.ts'

/** How far SQS is with moving messages out of a dead-letter queue. */
export interface Move {
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED'
  readonly movedCount: number
  /** What was there to be moved when it began; SQS does not always say. */
  readonly totalCount: number | undefined
  readonly startedMs: number
  readonly failure: string | undefined
}

/** SQS's own moving of messages, for people who look after a broker. Every call throws what the SDK throws. */
export interface SqsMoves {
  /** The latest move out of a queue, which must be a dead-letter queue; SQS runs one at a time. */
  latest(sourceArn: string): Promise<Move | undefined>
  /** Each message goes back to the queue from which it was redriven. */
  start(sourceArn: string): Promise<void>
  close(): void
}

export function openSqsMoves(aws: AwsOptions): SqsMoves {
  const client = new SQSClient({ ...clientOptions(aws, 'sqs'), useQueueUrlAsEndpoint: false })
  return {
    async latest(sourceArn) {
      const { Results = [] } = await client.send(
        new ListMessageMoveTasksCommand({ SourceArn: sourceArn, MaxResults: 1 }),
      )
      const [task] = Results
      if (task === undefined) return undefined
      return {
        status: task.Status as Move['status'],
        movedCount: task.ApproximateNumberOfMessagesMoved ?? 0,
        totalCount: task.ApproximateNumberOfMessagesToMove,
        startedMs: task.StartedTimestamp ?? 0,
        failure: task.FailureReason,
      }
    },
    async start(sourceArn) {
      await client.send(new StartMessageMoveTaskCommand({ SourceArn: sourceArn }))
    },
    close: () => client.destroy(),
  }
}

/** What a broker takes up instead of making it; the stack neither changes nor deletes it. */
export interface ExistingData {
  /** A DynamoDB table with the journals of a broker, such as one that DynamoDB restored (docs/deploy.md). */
  readonly tableName?: string
  /** The table that goes with it: messages that wait for their time are in there. */
  readonly messagesTableName?: string
  /** The bucket that goes with it: payloads above 1 MiB are in there. */
  readonly bucketName?: string
  /**
   * What the names of its SQS queues begin with, where it is not this stack that made them. SQS queues of the broker itself
   * that have these names must be gone.
   */
  readonly namePrefix?: string
}

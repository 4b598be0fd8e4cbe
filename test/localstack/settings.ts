/** How a LocalStack is set that is started for the suite alone. */
export const SETTINGS = {
  // A queue that was empty for a while is looked into as often as any.
  LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC: '1',
  // Metrics of SQS are a fifth of what a publish costs it, and nobody reads them.
  SQS_DISABLE_CLOUDWATCH_METRICS: '1',
} as const

/** A broker's own metrics in CloudWatch, by name: what one count of each stands for. The stack and the functions share it. */
export const METRICS = {
  Published: 'a message that was accepted, one of a batch included',
  Unroutable: 'a published message that no queue took',
  Copies: 'a copy that was sent to an SQS queue, those of dead letters included',
  Relayed: 'a copy that the relay sent, since there were many or since it could not be sent at once',
  Delivered: 'a message that a get answered',
  Settled: 'a delivery that was acknowledged, returned or rejected by its tag',
  DeadLettered: 'a message that left its queue for a dead-letter exchange',
  Unavailable: 'a request that was answered with a 503',
  Failed: 'a request that was answered with a 500: a defect',
  TopologyReads: 'a read of the heads of journals in DynamoDB, which renews leases',
} as const

export type MetricName = keyof typeof METRICS

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[]

export const METRIC_NAMESPACE = 'Leveret'

/** Its value is the broker's name prefix. Another dimension would be billed as as many metrics again. */
export const METRIC_DIMENSION = 'Broker'

/** What one environment has counted since it started; it only grows, so that several may read it. */
export type Counters = Record<MetricName, number>

export const newCounters = (): Counters =>
  Object.fromEntries(METRIC_NAMES.map((name) => [name, 0])) as Record<MetricName, number>

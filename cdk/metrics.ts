import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { METRIC_DIMENSION, METRIC_NAMESPACE, type MetricName } from '../lib/metrics.ts'

/** What all functions of a broker have counted under a name; the sum of each period unless `options` say otherwise. */
export const brokerMetric = (namePrefix: string, name: MetricName, options: MetricOptions = {}): Metric =>
  new Metric({
    statistic: Stats.SUM,
    ...options,
    namespace: METRIC_NAMESPACE,
    metricName: name,
    dimensionsMap: { [METRIC_DIMENSION]: namePrefix },
  })

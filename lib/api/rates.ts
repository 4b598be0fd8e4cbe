import { Typed } from '../model/amqp-value.ts'
import type { SampleRange } from './sample-ranges.ts'

/** Prints with a decimal point, also where it is whole. */
const double = (value: number): Typed => new Typed('double', value)

/** What a count was at some moment, as RabbitMQ shows it. */
export interface Sample {
  readonly sample: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

/** A count with its `_details`, to which its history belongs where one is asked for. */
export const withRate = (
  name: string,
  count: number,
  rate = 0,
  history?: { readonly samples: readonly Sample[]; readonly range: SampleRange },
): Record<string, unknown> => ({
  [name]: count,
  [`${name}_details`]: { rate: double(rate), ...(history && historyFields(history)) },
})

function historyFields({ samples, range }: { readonly samples: readonly Sample[]; readonly range: SampleRange }) {
  const [newest, oldest] = [samples[0]?.sample ?? 0, samples.at(-1)?.sample ?? 0]
  const sum = samples.reduce((total, { sample }) => total + sample, 0)
  return {
    avg: double(samples.length === 0 ? 0 : sum / samples.length),
    avg_rate: double((newest - oldest) / range.ageS),
    samples,
  }
}

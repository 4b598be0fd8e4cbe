import { accepted, eventOf, message, type Stage, withoutSdk } from './publish-stage.ts'

const PUBLISHES = 400
const REPETITIONS = 5

/**
 * Bytes that one warm publish to one queue allocates, the SDK's own left out: the least of several series, in none of
 * which the collector may have run (`--expose-gc --max-semi-space-size=64`).
 */
export async function bytesPerPublish({ config }: Pick<Stage, 'config'>): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run Node with --expose-gc')
  const publish = withoutSdk(config)
  const event = eventOf('POST', '/api/exchanges/%2F/shop/publish', message('orders.eu.created'))
  for (let call = 0; call < 5000; call += 1) accepted(await publish(event))
  const series: number[] = []
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let call = 0; call < PUBLISHES; call += 1) accepted(await publish(event))
    series.push((process.memoryUsage().heapUsed - before) / PUBLISHES)
  }
  return Math.min(...series)
}

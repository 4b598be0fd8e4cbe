import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MetricLog } from '../../lib/broker/metric-log.ts'
import { METRIC_NAMES, type MetricName, newCounters } from '../../lib/metrics.ts'

function startLog() {
  let nowMs = 1_700_000_000_000
  const counters = newCounters()
  const lines: string[] = []
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs }
  const log = new MetricLog({ counters, namePrefix: 'leveret-1a2b3c4d', clock, write: (line) => lines.push(line) })
  return {
    counters,
    lines,
    log,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('the log of metrics', () => {
  test('writes the embedded metric format, with what was counted and nothing else', () => {
    const { counters, lines, log } = startLog()
    counters.Published = 3
    log.flushIfDue()
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        _aws: {
          Timestamp: 1_700_000_000_000,
          CloudWatchMetrics: [
            { Namespace: 'Leveret', Dimensions: [['Broker']], Metrics: [{ Name: 'Published', Unit: 'Count' }] },
          ],
        },
        timestamp: '2023-11-14T22:13:20.000Z',
        level: 'INFO',
        Broker: 'leveret-1a2b3c4d',
        Published: 3,
      },
    ])
  })

  test('writes nothing where nothing happens, however long', () => {
    const { lines, log, advance } = startLog()
    log.flushIfDue()
    advance(3_600_000)
    log.flush()
    expect(lines).toEqual([])
  })

  test('writes a line a minute at most, at the end it is told of what is left, and every count once', () => {
    const step = fc.record({
      name: fc.constantFrom(...METRIC_NAMES),
      count: fc.nat({ max: 5 }),
      ms: fc.nat({ max: 40_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { counters, lines, log, advance } = startLog()
        let elapsedMs = 0
        for (const { name, count, ms } of steps) {
          counters[name] += count
          log.flushIfDue()
          expect(lines.length).toBeLessThanOrEqual(1 + elapsedMs / 60_000)
          advance(ms)
          elapsedMs += ms
        }
        log.flush()
        const written = newCounters()
        for (const line of lines) {
          const counts = JSON.parse(line) as Partial<Record<MetricName, number>>
          for (const name of METRIC_NAMES) written[name] += counts[name] ?? 0
        }
        expect(written).toEqual(counters)
      }),
    )
  })
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Held, Intake } from '../../../lib/amqp/connection/intake.ts'

const MIB = 1_048_576

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function intakeOf(held = new Held()) {
  const log: string[] = []
  const intake = new Intake({
    held,
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
    onBlocked: (isBlocked) => log.push(isBlocked ? 'blocked' : 'unblocked'),
  })
  return { intake, log, held }
}

test('a connection is not read beyond its bound, and read again when most of it is stored', () => {
  const { intake, log } = intakeOf()
  intake.hold(8 * MIB)
  expect(log).toEqual([])
  intake.hold(1)
  expect([log, intake.isPaused]).toEqual([['pause'], true])
  intake.hold(-5 * MIB)
  expect(log).toEqual(['pause'])
  intake.hold(-2 * MIB)
  expect([log, intake.isPaused]).toEqual([['pause', 'resume'], false])
})

test('a client is told of a pause that lasts', () => {
  const { intake, log } = intakeOf()
  intake.hold(9 * MIB)
  vi.advanceTimersByTime(999)
  expect(log).toEqual(['pause'])
  vi.advanceTimersByTime(1)
  intake.hold(-9 * MIB)
  expect(log).toEqual(['pause', 'blocked', 'unblocked', 'resume'])
})

test('all connections together have a bound as well, and one that holds nothing is read', () => {
  const held = new Held()
  held.bytes = 256 * MIB
  const { intake, log } = intakeOf(held)
  intake.hold(1)
  expect(log).toEqual(['pause'])
  intake.hold(-1)
  expect([log, held.bytes]).toEqual([['pause', 'resume'], 256 * MIB])
})

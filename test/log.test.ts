import { expect, test } from 'vitest'
import { logError } from '../lib/log.ts'
import { catchErrorLog } from './local/expected-errors.ts'

test('a failure is one line: a JSON object with what, why, where, when and the identifiers given', () => {
  const log = catchErrorLog()
  logError('a fan-out is left', new RangeError('two\nlines'), { queue: 'q"1' })
  const [[line = ''] = []] = log.mock.calls
  expect(line).toMatch(/^[^\n]*\n$/)
  expect(JSON.parse(line)).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: 'ERROR',
    message: 'a fan-out is left',
    error: 'RangeError',
    reason: 'two\nlines',
    queue: 'q"1',
    stack: expect.stringContaining('RangeError: two'),
  })
})

test('what was thrown and is no error is shown as text', () => {
  const log = catchErrorLog()
  logError('a request failed', 'oops')
  expect(JSON.parse(log.mock.calls[0]?.[0] ?? '')).toMatchObject({ error: 'NotAnError', reason: 'oops' })
})

import { type MockInstance, onTestFinished, vi } from 'vitest'

/** Keeps the error log of a test that provokes errors out of the output; the test says what it expects in there. */
export function catchErrorLog(): MockInstance<(line: string) => void> {
  const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => log.mockRestore())
  return log
}

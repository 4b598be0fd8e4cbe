import { type MockInstance, onTestFinished, vi } from 'vitest'

/** Keeps the error log of a test that provokes errors out of the output; the test says what it expects in there. */
export function catchErrorLog(): MockInstance<(line: string) => boolean> {
  const log = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  onTestFinished(() => log.mockRestore())
  return log as MockInstance<(line: string) => boolean>
}

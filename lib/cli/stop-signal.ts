/**
 * Resolves when the process is asked to stop. Further signals change nothing, for the stop is bounded in time: npm hands on a
 * Ctrl-C that the terminal has already sent to everybody.
 */
export function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(undefined))
  })
}

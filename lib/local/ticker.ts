export interface Ticker {
  /** No further call; resolves when one that runs has ended. */
  close(): Promise<void>
}

/**
 * Calls `task` whenever the clock shows a multiple of `intervalMs`, as EventBridge's rate rules do, but never while it
 * still runs: such a tick is left out. What it throws goes to `onError`, and the next tick comes all the same.
 */
export function startTicker(intervalMs: number, task: () => Promise<void>, onError: (error: unknown) => void): Ticker {
  let running: Promise<void> | undefined
  let boundaryMs = Date.now()
  let timer: NodeJS.Timeout

  const tick = (): void => {
    running ??= task()
      .catch(onError)
      .finally(() => {
        running = undefined
      })
    arm()
  }
  const arm = (): void => {
    // A timer may come a little early: the boundary just served must not be served again.
    const fromMs = Math.max(Date.now(), boundaryMs)
    boundaryMs = (Math.floor(fromMs / intervalMs) + 1) * intervalMs
    timer = setTimeout(tick, boundaryMs - Date.now())
  }
  arm()
  return {
    close: async () => {
      clearTimeout(timer)
      await running
    },
  }
}

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { StartError } from './start-error.ts'

const POLL_MS = 5
const GRACE_MS = 5_000

/**
 * Ends the process whose id `pidFile` holds, if it was left over by a process that was killed. It is only touched if
 * its command line names `dataFile`: process ids are given out again.
 *
 * @throws StartError where it cannot be ended
 */
export async function endLeftoverProcess(pidFile: string, dataFile: string): Promise<void> {
  const pid = readPid(pidFile)
  const isOurs = (): boolean => pid !== undefined && commandLineOf(pid).includes(dataFile)
  if (pid !== undefined && isOurs()) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      sendSignal(pid, signal)
      if (await becomesFalse(isOurs)) break
    }
    if (isOurs()) throw new StartError(`process ${pid} still has ${dataFile} open. End it, then start again.`)
  }
  rmSync(pidFile, { force: true })
}

function readPid(pidFile: string): number | undefined {
  if (!existsSync(pidFile)) return undefined
  const pid = Number(readFileSync(pidFile, 'utf8'))
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
}

/** Empty for a process that does not exist, or has ended and waits for its parent to notice. */
function commandLineOf(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
  } catch {
    return ''
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has just ended, or belongs to somebody else: the caller looks again.
  }
}

async function becomesFalse(condition: () => boolean): Promise<boolean> {
  const deadlineMs = performance.now() + GRACE_MS
  while (performance.now() < deadlineMs) {
    if (!condition()) return true
    await pause(POLL_MS)
  }
  return false
}

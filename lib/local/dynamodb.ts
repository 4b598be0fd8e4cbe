import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { endLeftoverProcess } from './leftover-process.ts'
import { StartError } from './start-error.ts'

const HOST = '127.0.0.1'
const START_DEADLINE_MS = 10_000
const STOP_GRACE_MS = 5_000
const POLL_MS = 5
/** A free port may be taken by somebody else before the child listens on it. */
const START_ATTEMPTS = 3
const KEPT_OUTPUT_CHARACTERS = 2_000

export interface DynamoDbOptions {
  readonly binary: string
  /** The SQLite file that holds the tables; an absolute path, which is how a leftover child is recognised. */
  readonly file: string
  /** Where the child's process id is written, for the next start after a crash. */
  readonly pidFile: string
}

export interface DynamoDbProcess {
  readonly endpoint: string
  /** Settles when the child ends without having been asked to, with the reason. */
  readonly failure: Promise<string>
  close(): Promise<void>
}

/**
 * Starts dynoxide as a child and waits until it answers. The child does not end with us by itself, and a second one on
 * the same file would not be refused: so one that a killed process left over is ended first.
 *
 * @throws StartError where it cannot be started
 */
export async function startDynamoDb(options: DynamoDbOptions): Promise<DynamoDbProcess> {
  await endLeftoverProcess(options.pidFile, options.file)
  let outcome: Attempt = { output: '' }
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt += 1) {
    outcome = await attemptStart(options, await findFreePort())
    if ('process' in outcome) return outcome.process
  }
  throw new StartError(`DynamoDB did not start (${options.binary}): ${outcome.output.trim() || 'it ended at once'}`)
}

type Attempt = { readonly process: DynamoDbProcess } | { readonly output: string }

async function attemptStart({ binary, file, pidFile }: DynamoDbOptions, port: number): Promise<Attempt> {
  // In a process group of its own: Ctrl-C in a terminal reaches the whole group, and requests are to finish first.
  const child = spawn(binary, ['serve', '--host', HOST, '--port', String(port), '--db-path', file], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (child.pid !== undefined) writeFileSync(pidFile, String(child.pid))
  const output = collectOutput(child)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}. ${output()}`))
  })
  const killOnExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killOnExit)
  const close = async (): Promise<void> => {
    await stop(child)
    process.off('exit', killOnExit)
    await endLeftoverProcess(pidFile, file)
  }

  const failed = await waitUntilAnswering(port, child, ended)
  if (failed !== undefined) {
    await close()
    return { output: failed }
  }
  let isClosing = false
  const failure = new Promise<string>((resolve) => {
    void ended.then((reason) => isClosing || resolve(`DynamoDB failed: ${reason}`))
  })
  return {
    process: {
      endpoint: `http://${HOST}:${port}`,
      failure,
      close: () => {
        isClosing = true
        return close()
      },
    },
  }
}

/** Reads all of it, so that the child never blocks on a full pipe; keeps the last of it for an error message. */
function collectOutput(child: ChildProcess): () => string {
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS)
  })
  return () => output
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, HOST)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** Undefined once it answers; a reason where it ends before, or does not in time. */
async function waitUntilAnswering(
  port: number,
  child: ChildProcess,
  ended: Promise<string>,
): Promise<string | undefined> {
  const deadlineMs = performance.now() + START_DEADLINE_MS
  while (performance.now() < deadlineMs && isRunning(child)) {
    if (await answers(port)) return undefined
    await pause(POLL_MS)
  }
  return isRunning(child) ? `it did not answer within ${START_DEADLINE_MS} ms` : ended
}

const isRunning = (child: ChildProcess): boolean =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    request({ host: HOST, port, path: '/', agent: false }, (response) => {
      response.resume()
      resolve(true)
    })
      .on('error', () => resolve(false))
      .end()
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
  await exit
  clearTimeout(kill)
}

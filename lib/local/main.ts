import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { readLocalEnvironment } from '../config.ts'
import { type CommandLine, parseCommandLine, USAGE, UsageError } from './command-line.ts'
import type { EmbeddedCloud } from './embedded-cloud.ts'
import { StartError } from './start-error.ts'

/** Modules that were compiled once start in half the time. Where the folder cannot be written, nothing is cached. */
const COMPILE_CACHE = new URL('../../node_modules/.cache/leveret/', import.meta.url)

/**
 * `npm start`. Exit codes: 0 after a stop that was asked for, 1 where it could not start or go on, 2 for a command line
 * that is none.
 */
async function main(args: readonly string[]): Promise<number> {
  const stopRequested = stopSignal()
  const command = readCommandLine(args)
  if (typeof command === 'number') return command
  // Loaded only now: a mistyped option is answered at once, and what is loaded comes from the cache.
  enableCompileCache(fileURLToPath(COMPILE_CACHE))
  const { startEmbeddedCloud } = await import('./embedded-cloud.ts')
  const environment = readLocalEnvironment()
  const cloud = await startEmbeddedCloud({ ...environment, port: command.port, dataDir: command.dataDir })
  console.log(greeting(cloud, environment.awsEndpointUrl))
  const failure = await Promise.race([stopRequested, cloud.failure])
  await cloud.close()
  if (failure === undefined) return 0
  console.error(`${failure}\nWhat was confirmed is safe in ${cloud.dataDir}. Start again.`)
  return 1
}

/** What to start; or the exit code, where that was all. */
function readCommandLine(args: readonly string[]): Extract<CommandLine, { action: 'start' }> | number {
  try {
    const command = parseCommandLine(args)
    if (command.action === 'start') return command
    console.log(USAGE)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\nSee: npm start -- --help`)
    return 2
  }
}

/**
 * Further signals change nothing, for the stop is bounded in time: npm hands on a Ctrl-C that the terminal has already
 * sent to everybody.
 */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(undefined))
  })
}

function greeting({ url, dataDir }: EmbeddedCloud, awsEndpointUrl: string | undefined): string {
  const json = "-H 'content-type: application/json'"
  return `Leveret listens on ${url} (user guest, password guest).
${awsEndpointUrl === undefined ? `SQS is at the same address. Data: ${dataDir}` : `DynamoDB and SQS: ${awsEndpointUrl}. Blobs: ${dataDir}`}

Declare a queue, publish to it, get the message:
  curl -u guest:guest -X PUT ${json} -d '{"durable":true}' ${url}/api/queues/%2F/first
  curl -u guest:guest ${json} -d '{"properties":{},"routing_key":"first","payload":"hello","payload_encoding":"string"}' ${url}/api/exchanges/%2F/amq.default/publish
  curl -u guest:guest ${json} -d '{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}' ${url}/api/queues/%2F/first/get

Stop with Ctrl-C.`
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof StartError ? error.message : error)
  process.exitCode = 1
}
process.exit()

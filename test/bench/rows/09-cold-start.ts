import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildFunction, bundle } from '../../../cdk/bundle.ts'
import { ENV, internalQueueName } from '../../../lib/config.ts'
import { type Line, timesAtMost } from '../line.ts'
import { declareShop, eventOf, message, openStage, type Stage } from '../publish-stage.ts'
import type { Row } from '../row.ts'
import { interleaved } from '../samples.ts'

const run = promisify(execFile)
const ROUNDS = 11

/** Loading the bundle and the first publish, in a new process each time, beside a handler that does next to nothing. */
export const coldStart: Row = {
  number: 9,
  title: 'cold start',
  async measure(say) {
    say('bundling')
    const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'))
    const stage = await openStage()
    try {
      await declareShop(stage, 1)
      say('starting')
      return await measureIn(directory, stage)
    } finally {
      await stage.close()
      await rm(directory, { recursive: true, force: true })
    }
  },
}

async function measureIn(directory: string, { config }: Stage): Promise<Line[]> {
  buildFunction('publish', join(directory, 'publish'))
  bundle({ 'bare-handler': fileURLToPath(new URL('../bare-handler.ts', import.meta.url)) }, join(directory, 'bare'))
  const event = join(directory, 'event.json')
  await writeFile(event, JSON.stringify(eventOf('POST', '/api/exchanges/%2F/shop/publish', message('orders.eu'))))
  const relay = internalQueueName(config, 'relay')
  const env = {
    ...process.env,
    [ENV.namePrefix]: config.namePrefix,
    [ENV.topologyTable]: config.topologyTable,
    [ENV.messagesTable]: config.messagesTable,
    [ENV.blobs]: config.blobs,
    [ENV.relayQueueUrl]: `${config.sqsQueueUrlBase}/${relay}`,
    [ENV.relayQueueArn]: `${config.sqsQueueArnBase}${relay}`,
    [ENV.leaseMs]: String(config.leaseMs),
    [ENV.auth]: config.auth,
    BARE_QUEUE_URL: `${config.sqsQueueUrlBase}/bare`,
    AWS_LAMBDA_FUNCTION_NAME: 'publish',
    AWS_REGION: config.aws.region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SQS: config.aws.endpoints?.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: config.aws.endpoints?.dynamodb,
  }
  const program = fileURLToPath(new URL('../cold-start.ts', import.meta.url))
  const start = async (file: string) => {
    const { stdout } = await run(process.execPath, [program, join(directory, file), event], { env })
    // Before it comes what the function writes to its log.
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { wallMs: number; cpuMs: number }
  }
  const wall: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
  const cpu = await interleaved(ROUNDS, {
    ours: () => start('publish/publish.mjs').then(noteIn(wall.ours)),
    theirs: () => start('bare/bare-handler.mjs').then(noteIn(wall.theirs)),
  })
  const line = { unit: 'ms', name: 'bare handler' }
  return [
    timesAtMost({ ...line, work: 'load and first publish, CPU time', ...cpu }, 1.25),
    timesAtMost(
      { ...line, work: 'load and first publish, wall time', ours: wall.ours.slice(1), theirs: wall.theirs.slice(1) },
      1.25,
    ),
  ]
}

/** Answers the CPU time and keeps the wall time, the round that warms up included. */
const noteIn =
  (wall: number[]) =>
  ({ wallMs, cpuMs }: { wallMs: number; cpuMs: number }): number => {
    wall.push(wallMs)
    return cpuMs
  }

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningLeveret, startLeveret } from '../../lib/local/testing.ts'
import { LANGUAGES, output, spawnClient } from './programs.ts'
import { CLIENTS, isMade, PYTHON } from './toolchains.ts'

/** Where every first example connects to. */
const AMQP_PORT = 5672

/** Programs that name no broker, or only `localhost`. Where the port is somebody else's there is nothing to be tried. */
describe('without a word about where the broker is', () => {
  let leveret: RunningLeveret | undefined
  beforeAll(async () => {
    leveret = await startLeveret({ amqpPort: AMQP_PORT }).catch((error: Error) => {
      if (process.env.CI || !/is taken/.test(error.message)) throw error
      return undefined
    })
  })
  afterAll(() => leveret?.close())

  it.for(LANGUAGES.filter(({ isHere }) => isHere))('hello world in $name', async ({ command }, { skip }) => {
    skip(leveret === undefined, `port ${AMQP_PORT} is somebody else's`)
    expect(await output(spawnClient(command('send'), [], undefined))).toBe('Sent Hello World!\n')
    await spawnClient(command('receive'), [], undefined).seen(/Received Hello World!/)
  })

  it.skipIf(!isMade(PYTHON))('the first steps with Celery', async ({ skip }) => {
    skip(leveret === undefined, `port ${AMQP_PORT} is somebody else's`)
    const directory = join(CLIENTS, 'python')
    const worker = ['-m', 'celery', '--workdir', directory, '--app=tasks', 'worker', '--loglevel=INFO']
    await spawnClient([PYTHON.product, ...worker], [], undefined).seen(/ ready/)
    const caller = spawnClient([PYTHON.product, join(directory, 'celery_calls.py')], ['add_numbers'], undefined)
    expect(await output(caller)).toBe('8\n')
  })
})

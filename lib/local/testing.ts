import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLocalEnvironment } from '../config.ts'
import { startEmbeddedCloud } from './embedded-cloud.ts'

export interface LeveretOptions {
  /** By default a free one. */
  readonly port?: number
  /** Of AMQP; by default a free one. */
  readonly amqpPort?: number
  /** By default a temporary directory, removed on close. */
  readonly dataDir?: string
}

export interface RunningLeveret {
  /** Where the management API is, without `/api`: `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly username: string
  readonly password: string
  /** The endpoint for an AWS SDK; region `us-east-1`, any credentials. */
  readonly sqsEndpoint: string
  /** For an AMQP 0-9-1 client, with name and password: `amqp://guest:guest@127.0.0.1:PORT`. */
  readonly amqpUrl: string
  close(): Promise<void>
}

/**
 * A broker of its own for a test suite, with nothing else to install or run. Nothing of the environment's AWS settings
 * is used.
 *
 * @throws StartError where something has to be done first; the message says what
 */
export async function startLeveret(options: LeveretOptions = {}): Promise<RunningLeveret> {
  const { port = 0, amqpPort = 0, dataDir } = options
  const temporary = dataDir === undefined ? await mkdtemp(join(tmpdir(), 'leveret-')) : undefined
  const removeTemporary = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true })
  }
  try {
    const { dynoxideBin, searchPath } = readLocalEnvironment()
    const cloud = await startEmbeddedCloud({
      port,
      amqp: { port: amqpPort, ifTaken: 'fail' },
      dataDir: dataDir ?? temporary ?? '',
      dynoxideBin,
      searchPath,
    })
    return {
      url: cloud.url,
      username: 'guest',
      password: 'guest',
      sqsEndpoint: cloud.url,
      amqpUrl: `amqp://guest:guest@127.0.0.1:${cloud.amqpPort}`,
      close: () => cloud.close().finally(removeTemporary),
    }
  } catch (error) {
    await removeTemporary()
    throw error
  }
}

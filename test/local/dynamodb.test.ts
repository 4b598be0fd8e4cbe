import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type DynamoDbOptions, type DynamoDbProcess, startDynamoDb } from '../../lib/local/dynamodb.ts'
import { findDynoxide } from '../../lib/local/dynoxide-binary.ts'
import { StartError } from '../../lib/local/start-error.ts'
import { spawnModule } from './spawned.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const MODULE = new URL('../../lib/local/dynamodb.ts', import.meta.url).href

const optionsIn = (directory: string): DynamoDbOptions => ({
  binary: findDynoxide({ dynoxideBin: process.env.DYNOXIDE_BIN, searchPath: process.env.PATH }),
  file: join(directory, 'dynamodb.sqlite'),
  pidFile: join(directory, 'dynamodb.pid'),
})

async function start(options: DynamoDbOptions): Promise<DynamoDbProcess> {
  const running = await startDynamoDb(options)
  onTestFinished(() => running.close())
  return running
}

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
  onTestFinished(() => client.destroy())
  return client
}

const createTable = (client: DynamoDBClient, name: string) =>
  client.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )

const tablesOf = async (client: DynamoDBClient) => (await client.send(new ListTablesCommand({}))).TableNames

/** An ended child that its parent has not waited for still has an id, but no command line. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self') || readFileSync(`/proc/${pid}/cmdline`).length > 0
  } catch {
    return false
  }
}

const readPid = ({ pidFile }: DynamoDbOptions): number => Number(readFileSync(pidFile, 'utf8'))

describe('the DynamoDB process', { timeout: 30_000 }, () => {
  it('answers once it is started', async () => {
    const { endpoint } = await start(optionsIn(temporaryDirectory()))
    expect(await tablesOf(clientOf(endpoint))).toEqual([])
  })

  it('is gone after close, though a client is still connected', async () => {
    const options = optionsIn(temporaryDirectory())
    const running = await startDynamoDb(options)
    const pid = readPid(options)
    await tablesOf(clientOf(running.endpoint))
    const closingAtMs = performance.now()
    await running.close()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(options.pidFile)).toBe(false)
    expect(performance.now() - closingAtMs).toBeLessThan(4_000)
  })

  it('outlives a parent that is killed, and is ended by the next start, which finds its tables', async () => {
    const options = optionsIn(temporaryDirectory())
    const parent = spawnModule(`
      import { startDynamoDb } from '${MODULE}'
      console.log((await startDynamoDb(${JSON.stringify(options)})).endpoint)
    `)
    const [endpoint] = await parent.seen(/http:\S+/)
    await createTable(clientOf(endpoint), 'kept')
    const orphan = readPid(options)
    parent.kill('SIGKILL')
    await parent.ended
    expect(isAlive(orphan)).toBe(true)

    const next = await start(options)
    expect(isAlive(orphan)).toBe(false)
    expect(await tablesOf(clientOf(next.endpoint))).toEqual(['kept'])
  })

  it('leaves a process alone that only has the id of a former one', async () => {
    const options = optionsIn(temporaryDirectory())
    const stranger = spawnModule(`console.log('here'); setInterval(() => {}, 60_000)`)
    await stranger.seen(/here/)
    writeFileSync(options.pidFile, String(stranger.pid))
    await start(options)
    expect(isAlive(stranger.pid)).toBe(true)
  })

  it('reports that it ended by itself', async () => {
    const options = optionsIn(temporaryDirectory())
    const { failure } = await start(options)
    process.kill(readPid(options), 'SIGKILL')
    expect(await failure).toMatch(/SIGKILL/)
  })

  it('dies with a parent that throws', async () => {
    const options = optionsIn(temporaryDirectory())
    const parent = spawnModule(`
      import { startDynamoDb } from '${MODULE}'
      await startDynamoDb(${JSON.stringify(options)})
      throw new Error('on purpose')
    `)
    expect(await parent.ended).toBe(1)
    const pid = readPid(options)
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5_000 })
  })

  it('says why it does not start', async () => {
    const directory = temporaryDirectory()
    const options = { ...optionsIn(directory), file: join(directory, 'missing', 'dynamodb.sqlite') }
    await expect(startDynamoDb(options)).rejects.toThrow(StartError)
  })

  it('says that the program is none', async () => {
    const directory = temporaryDirectory()
    const options = { ...optionsIn(directory), binary: join(directory, 'missing') }
    await expect(startDynamoDb(options)).rejects.toThrow(/ENOENT/)
  })
})

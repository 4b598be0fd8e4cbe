import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Config } from '../../lib/config.ts'
import { MESSAGES_TABLE } from '../../lib/delivery/messages-table.ts'
import { type TableDefinition, TOPOLOGY_TABLE } from '../../lib/journal/table.ts'
import { startDynamoDb } from '../../lib/local/dynamodb.ts'
import { findDynoxide } from '../../lib/local/dynoxide-binary.ts'

export interface Dynoxide {
  readonly aws: Config['aws']
  /** An empty table for topology, under a name of its own. */
  createTopologyTable(): Promise<string>
  /** As {@link createTopologyTable}, for messages. */
  createMessagesTable(): Promise<string>
  close(): Promise<void>
}

/** A DynamoDB of one test file's own, gone with it. */
export async function startDynoxide(): Promise<Dynoxide> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-journal-'))
  const binary = findDynoxide({ dynoxideBin: process.env.DYNOXIDE_BIN, searchPath: process.env.PATH })
  const served = await startDynamoDb({ binary, file: join(directory, 'tables.db'), pidFile: join(directory, 'pid') })
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const aws = { region: 'us-east-1', credentials, endpoints: { dynamodb: served.endpoint } }
  const client = new DynamoDBClient({ region: aws.region, credentials, endpoint: served.endpoint })
  let tableCount = 0
  const createTable = async (definition: TableDefinition): Promise<string> => {
    tableCount += 1
    const name = `table-${tableCount}`
    await client.send(new CreateTableCommand({ TableName: name, ...definition }))
    return name
  }
  return {
    aws,
    createTopologyTable: () => createTable(TOPOLOGY_TABLE),
    createMessagesTable: () => createTable(MESSAGES_TABLE),
    async close() {
      client.destroy()
      await served.close()
      await rm(directory, { recursive: true })
    },
  }
}

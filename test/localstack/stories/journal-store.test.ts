import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { afterAll } from 'vitest'
import { openDynamoDbStore } from '../../../lib/journal/dynamodb-store.ts'
import { TOPOLOGY_TABLE } from '../../../lib/journal/table.ts'
import { describeJournalStore } from '../../conformance/journal-store.ts'
import { unique } from '../../integration/story.ts'
import { awsOptions, clientConfig } from '../aws-calls.ts'
import { siteFromEnvironment } from '../site.ts'

const site = siteFromEnvironment()
const client = new DynamoDBClient(clientConfig(site))
afterAll(() => client.destroy())

async function createTable(): Promise<string> {
  const TableName = unique('conformance')
  await client.send(new CreateTableCommand({ TableName, ...TOPOLOGY_TABLE }))
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName })
  return TableName
}

describeJournalStore("LocalStack's DynamoDB", async () => ({
  store: openDynamoDbStore({ aws: awsOptions(site), topologyTable: await createTable() }),
  run: (work) => work(),
}))

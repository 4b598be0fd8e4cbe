import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb'
import { afterAll } from 'vitest'
import { openItemStore } from '../../../lib/delivery/dynamodb-item-store.ts'
import { MESSAGES_TABLE } from '../../../lib/delivery/messages-table.ts'
import { openDynamoDbStore } from '../../../lib/journal/dynamodb-store.ts'
import { type TableDefinition, TOPOLOGY_TABLE } from '../../../lib/journal/table.ts'
import { describeItemStore } from '../../conformance/item-store.ts'
import { describeJournalStore } from '../../conformance/journal-store.ts'
import { unique } from '../../integration/story.ts'
import { awsOptions, clientConfig } from '../aws-calls.ts'
import { siteFromEnvironment } from '../site.ts'

const site = siteFromEnvironment()
const client = new DynamoDBClient(clientConfig(site))
afterAll(() => client.destroy())

async function createTable(definition: TableDefinition): Promise<string> {
  const TableName = unique('conformance')
  await client.send(new CreateTableCommand({ TableName, ...definition }))
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1 }, { TableName })
  return TableName
}

describeJournalStore("topology in LocalStack's DynamoDB", async () => ({
  store: openDynamoDbStore({ aws: awsOptions(site), topologyTable: await createTable(TOPOLOGY_TABLE) }),
  run: (work) => work(),
}))

describeItemStore("messages in LocalStack's DynamoDB", async () =>
  openItemStore({ aws: awsOptions(site), messagesTable: await createTable(MESSAGES_TABLE) }),
)

import { afterAll, beforeAll } from 'vitest'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { describeJournalStore } from '../conformance/journal-store.ts'
import { type Dynoxide, startDynoxide } from '../support/dynoxide.ts'

let dynoxide: Dynoxide
beforeAll(async () => {
  dynoxide = await startDynoxide()
})
afterAll(() => dynoxide.close())

describeJournalStore('DynamoDB store', async () => ({
  store: openDynamoDbStore({ aws: dynoxide.aws, topologyTable: await dynoxide.createTopologyTable() }),
  run: (work) => work(),
}))

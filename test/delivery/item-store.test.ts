import { afterAll, beforeAll } from 'vitest'
import { openItemStore } from '../../lib/delivery/dynamodb-item-store.ts'
import { describeItemStore } from '../conformance/item-store.ts'
import { type Dynoxide, startDynoxide } from '../support/dynoxide.ts'
import { MemoryItemStore } from '../support/memory-item-store.ts'

let dynoxide: Dynoxide
beforeAll(async () => {
  dynoxide = await startDynoxide()
})
afterAll(() => dynoxide.close())

describeItemStore('messages table in DynamoDB', async () =>
  openItemStore({ aws: dynoxide.aws, messagesTable: await dynoxide.createMessagesTable() }),
)
describeItemStore('messages table in memory', async () => new MemoryItemStore())

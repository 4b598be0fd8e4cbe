import type { TableDefinition } from '../journal/table.ts'

/** The shapes of table `messages`; the stack and the embedded cloud create it from these, and nobody else spells its keys. */
export const MESSAGES_PARTITION_KEY = 'scope'
export const MESSAGES_SORT_KEY = 'item'
/** DynamoDB deletes an item some days after this time, in seconds since 1970. */
export const EXPIRES_AT_ATTRIBUTE = 'expires_at'

export const MESSAGES_TABLE: TableDefinition = {
  KeySchema: [
    { AttributeName: MESSAGES_PARTITION_KEY, KeyType: 'HASH' },
    { AttributeName: MESSAGES_SORT_KEY, KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: MESSAGES_PARTITION_KEY, AttributeType: 'S' },
    { AttributeName: MESSAGES_SORT_KEY, AttributeType: 'S' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
}

/**
 * The shapes of table `topology`: one partition per journal with a `head` and its entries, and one partition of intents.
 * The stack and the embedded cloud create the table from {@link TOPOLOGY_TABLE}; nobody else spells its keys.
 */

/** The partition key's attribute: a journal's id, or {@link INTENTS_PARTITION}. */
export const PARTITION_KEY = 'journal'
/** The sort key's attribute: `head`, `entry#…`, or an intent's id. */
export const SORT_KEY = 'item'

export const TOPOLOGY_TABLE: TableDefinition = {
  KeySchema: [
    { AttributeName: PARTITION_KEY, KeyType: 'HASH' },
    { AttributeName: SORT_KEY, KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: PARTITION_KEY, AttributeType: 'S' },
    { AttributeName: SORT_KEY, AttributeType: 'S' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
}

/** What CreateTable takes beside the table's name. */
export interface TableDefinition {
  KeySchema: { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[]
  AttributeDefinitions: { AttributeName: string; AttributeType: 'S' }[]
  BillingMode: 'PAY_PER_REQUEST'
}

/** The journal of vhosts, users, permissions and limits. Every other journal belongs to one vhost and has its id. */
export const ACCESS_JOURNAL = 'access'

/** No vhost id: those are ULIDs. */
export const INTENTS_PARTITION = 'intents'

export const HEAD_ITEM = 'head'

/** Twelve digits: a thousand commits a second for thirty years. */
const VERSION_DIGITS = 12

/** Sort keys of entries sort as their versions do. */
export const entryItem = (version: number): string => `entry#${String(version).padStart(VERSION_DIGITS, '0')}`

/** The last version that {@link entryItem} sorts rightly: the end of "all entries". */
export const MAX_VERSION = 10 ** VERSION_DIGITS - 1

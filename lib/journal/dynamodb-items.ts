import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb'
import type { BaseReference, EntryRange, Head, JournalWrite, StoredEntry, StoredIntent, Transaction } from './store.ts'
import { entryItem, HEAD_ITEM, INTENTS_PARTITION, PARTITION_KEY, SORT_KEY } from './table.ts'

/** What the store's data look like as DynamoDB items, and its transactions as requests. Pure. */

export type Item = Record<string, AttributeValue>

const text = (value: string): AttributeValue => ({ S: value })
const number = (value: number): AttributeValue => ({ N: String(value) })

export const itemKey = (partition: string, item: string): Item => ({
  [PARTITION_KEY]: text(partition),
  [SORT_KEY]: text(item),
})

function textOf(item: Item, name: string): string {
  const value = item[name]?.S
  if (value === undefined) throw new Error(`item ${item[PARTITION_KEY]?.S}/${item[SORT_KEY]?.S} has no text '${name}'`)
  return value
}

function numberOf(item: Item, name: string): number {
  const value = item[name]?.N
  if (value === undefined)
    throw new Error(`item ${item[PARTITION_KEY]?.S}/${item[SORT_KEY]?.S} has no number '${name}'`)
  return Number(value)
}

export const journalOf = (item: Item): string => textOf(item, PARTITION_KEY)

const headFields = ({ version, epoch, lease, sealed }: JournalWrite['to']): Item => ({
  version: number(version),
  epoch: text(epoch),
  leaseMs: number(lease.leaseMs),
  waitMs: number(lease.waitMs),
  leaseSinceVersion: number(lease.sinceVersion),
  sealed: { BOOL: sealed },
})

export const decodeHead = (item: Item): Head => ({
  version: numberOf(item, 'version'),
  epoch: textOf(item, 'epoch'),
  lease: {
    leaseMs: numberOf(item, 'leaseMs'),
    waitMs: numberOf(item, 'waitMs'),
    sinceVersion: numberOf(item, 'leaseSinceVersion'),
  },
  base:
    item.baseVersion === undefined
      ? undefined
      : { epoch: textOf(item, 'baseEpoch'), version: numberOf(item, 'baseVersion') },
  sealed: item.sealed?.BOOL === true,
})

const encodeEntryItem = (journal: string, entry: StoredEntry): Item => ({
  ...itemKey(journal, entryItem(entry.version)),
  version: number(entry.version),
  format: number(entry.format),
  commitId: text(entry.commitId),
  who: text(entry.who),
  when: text(entry.when),
  events: text(entry.eventsJson),
})

export const decodeEntryItem = (item: Item): StoredEntry => ({
  version: numberOf(item, 'version'),
  format: numberOf(item, 'format'),
  commitId: textOf(item, 'commitId'),
  who: textOf(item, 'who'),
  when: textOf(item, 'when'),
  eventsJson: textOf(item, 'events'),
})

export const encodeIntentItem = ({ id, state, createdMs, bodyJson }: StoredIntent): Item => ({
  ...itemKey(INTENTS_PARTITION, id),
  state: text(state),
  createdMs: number(createdMs),
  body: text(bodyJson),
})

export const decodeIntentItem = (item: Item): StoredIntent => ({
  id: textOf(item, SORT_KEY),
  state: textOf(item, 'state'),
  createdMs: numberOf(item, 'createdMs'),
  bodyJson: textOf(item, 'body'),
})

/** Attribute names in expressions are all written with `#`, so that none can be a reserved word. */
const names = (...attributes: readonly string[]): Record<string, string> =>
  Object.fromEntries(attributes.map((attribute) => [`#${attribute}`, attribute]))

const IS_NEW = `attribute_not_exists(#${PARTITION_KEY})`

/** One after the other: heads, entries, intents to put, intents to take; {@link takenIntents} relies on it. */
export function transactItems(table: string, { writes, putIntents, takeIntents }: Transaction): TransactWriteItem[] {
  return [
    ...writes.map((write) => headItem(table, write)),
    ...writes.map(({ journal, entry }) => putNew(table, encodeEntryItem(journal, entry))),
    ...putIntents.map((intent) => ({ Put: { TableName: table, Item: encodeIntentItem(intent) } })),
    ...takeIntents.map(({ id, state }) => ({
      Delete: {
        TableName: table,
        Key: itemKey(INTENTS_PARTITION, id),
        ConditionExpression: '#state = :state',
        ExpressionAttributeNames: names('state'),
        ExpressionAttributeValues: { ':state': text(state) },
      },
    })),
  ]
}

const putNew = (table: string, item: Item): TransactWriteItem => ({
  Put: {
    TableName: table,
    Item: item,
    ConditionExpression: IS_NEW,
    ExpressionAttributeNames: names(PARTITION_KEY),
  },
})

function headItem(table: string, { journal, from, to }: JournalWrite): TransactWriteItem {
  const fields = headFields(to)
  const key = itemKey(journal, HEAD_ITEM)
  if (from === undefined) return putNew(table, { ...key, ...fields })
  const isUnmoved = '#version = :fromVersion AND #epoch = :fromEpoch'
  const isOpen = '#sealed = :open'
  const assignments = Object.keys(fields).map((field) => `#${field} = :${field}`)
  const values = Object.fromEntries(Object.entries(fields).map(([field, value]) => [`:${field}`, value]))
  return {
    Update: {
      TableName: table,
      Key: key,
      UpdateExpression: `SET ${assignments.join(', ')}`,
      ConditionExpression: `${isUnmoved} AND ${isOpen}`,
      ExpressionAttributeNames: names(...Object.keys(fields)),
      ExpressionAttributeValues: {
        ...values,
        ':fromVersion': number(from.version),
        ':fromEpoch': text(from.epoch),
        ':open': { BOOL: false },
      },
    },
  }
}

/** The ids of the intents whose condition failed, by the reasons of a cancelled transaction, which are in the order of its items. */
export function takenIntents(
  { writes, putIntents, takeIntents }: Transaction,
  reasonCodes: readonly (string | undefined)[],
): string[] {
  const before = 2 * writes.length + putIntents.length
  return takeIntents.filter((_, i) => reasonCodes[before + i] === 'ConditionalCheckFailed').map(({ id }) => id)
}

/** An update of the head that never takes a base back and never crosses epochs. */
export function setBaseInput(table: string, journal: string, epoch: string, base: BaseReference) {
  return {
    TableName: table,
    Key: itemKey(journal, HEAD_ITEM),
    UpdateExpression: 'SET #baseVersion = :baseVersion, #baseEpoch = :baseEpoch',
    ConditionExpression: '#epoch = :epoch AND (attribute_not_exists(#baseVersion) OR #baseVersion < :baseVersion)',
    ExpressionAttributeNames: names('epoch', 'baseVersion', 'baseEpoch'),
    ExpressionAttributeValues: {
      ':epoch': text(epoch),
      ':baseVersion': number(base.version),
      ':baseEpoch': text(base.epoch),
    },
  }
}

export const putIntentInput = (table: string, intent: StoredIntent) => ({
  TableName: table,
  Item: encodeIntentItem(intent),
  ConditionExpression: IS_NEW,
  ExpressionAttributeNames: names(PARTITION_KEY),
})

export const changeIntentInput = (table: string, id: string, from: string, to: string) => ({
  TableName: table,
  Key: itemKey(INTENTS_PARTITION, id),
  UpdateExpression: 'SET #state = :to',
  ConditionExpression: '#state = :from',
  ExpressionAttributeNames: names('state'),
  ExpressionAttributeValues: { ':from': text(from), ':to': text(to) },
})

export const entriesInput = (table: string, journal: string, { after, upTo, limit }: EntryRange) => ({
  TableName: table,
  ConsistentRead: true,
  KeyConditionExpression: `#${PARTITION_KEY} = :journal AND #${SORT_KEY} BETWEEN :first AND :last`,
  ExpressionAttributeNames: names(PARTITION_KEY, SORT_KEY),
  ExpressionAttributeValues: {
    ':journal': text(journal),
    ':first': text(entryItem(after + 1)),
    ':last': text(entryItem(upTo)),
  },
  ...(limit !== undefined && { Limit: limit }),
})

export const intentsInput = (table: string, startKey: Item | undefined) => ({
  TableName: table,
  ConsistentRead: true,
  KeyConditionExpression: `#${PARTITION_KEY} = :intents`,
  ExpressionAttributeNames: names(PARTITION_KEY),
  ExpressionAttributeValues: { ':intents': text(INTENTS_PARTITION) },
  ...(startKey !== undefined && { ExclusiveStartKey: startKey }),
})

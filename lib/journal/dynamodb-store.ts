import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Config, clientOptions } from '../config.ts'
import { type Counters, newCounters } from '../metrics.ts'
import { CONDITION_FAILED, toStoreError } from './dynamodb-errors.ts'
import {
  changeIntentInput,
  decodeEntryItem,
  decodeHead,
  decodeIntentItem,
  entriesInput,
  type Item,
  intentsInput,
  itemKey,
  journalOf,
  putIntentInput,
  setBaseInput,
  takenIntents,
  transactItems,
} from './dynamodb-items.ts'
import {
  type BaseReference,
  type CommitOutcome,
  type EntryRange,
  type Head,
  type JournalStore,
  type StoredEntry,
  type StoredIntent,
  StoreError,
  type Transaction,
} from './store.ts'
import { HEAD_ITEM, INTENTS_PARTITION } from './table.ts'

/** Small enough that a call which got no answer leaves time for two more. */
const CONNECT_TIMEOUT_MS = 500
const REQUEST_TIMEOUT_MS = 1000

/** The journal store of a configuration. Its client makes one attempt per call: this room retries, since it knows what a lost answer means. */
export function openDynamoDbStore(
  { aws, topologyTable }: Pick<Config, 'aws' | 'topologyTable'>,
  counters: Pick<Counters, 'TopologyReads'> = newCounters(),
): DynamoDbStore {
  const client = new DynamoDBClient({
    ...clientOptions(aws, 'dynamodb'),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  })
  return new DynamoDbStore(client, topologyTable, counters)
}

/** DynamoDB's limit for one BatchGetItem (AWS, service quotas). */
const BATCH_GET_KEYS = 100

export class DynamoDbStore implements JournalStore {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #counters: Pick<Counters, 'TopologyReads'>

  constructor(client: DynamoDBClient, table: string, counters: Pick<Counters, 'TopologyReads'>) {
    this.#client = client
    this.#table = table
    this.#counters = counters
  }

  /** For other clients of DynamoDB in this environment, so that they need not connect once more. */
  get connections(): DynamoDBClient['config']['requestHandler'] {
    return this.#client.config.requestHandler
  }

  /** Closes the connections that are kept open between calls. */
  close(): void {
    this.#client.destroy()
  }

  async readHeads(journals: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    const batches: string[][] = []
    for (let i = 0; i < journals.length; i += BATCH_GET_KEYS) batches.push(journals.slice(i, i + BATCH_GET_KEYS))
    const items = await Promise.all(batches.map((batch) => this.#readHeadItems(batch)))
    return new Map(items.flat().map((item) => [journalOf(item), decodeHead(item)]))
  }

  async #readHeadItems(journals: readonly string[]): Promise<Item[]> {
    this.#counters.TopologyReads += 1
    const keys = journals.map((journal) => itemKey(journal, HEAD_ITEM))
    const request = { RequestItems: { [this.#table]: { Keys: keys, ConsistentRead: true } } }
    const { Responses, UnprocessedKeys } = await calling(() => this.#client.send(new BatchGetItemCommand(request)))
    if (Object.keys(UnprocessedKeys ?? {}).length > 0) throw new StoreError('busy', 'DynamoDB left keys unread')
    return Responses?.[this.#table] ?? []
  }

  async readEntries(journal: string, range: EntryRange): Promise<StoredEntry[]> {
    if (range.after >= range.upTo) return []
    const command = new QueryCommand(entriesInput(this.#table, journal, range))
    const { Items = [] } = await calling(() => this.#client.send(command))
    return Items.map(decodeEntryItem)
  }

  async commit(transaction: Transaction): Promise<CommitOutcome> {
    const request = { TransactItems: transactItems(this.#table, transaction) }
    try {
      await calling(() => this.#client.send(new TransactWriteItemsCommand(request)))
      return { status: 'committed' }
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error
      const reasons = (error.CancellationReasons ?? []).map(({ Code }) => Code)
      if (!reasons.includes(CONDITION_FAILED)) throw error
      return { status: 'refused', intents: takenIntents(transaction, reasons) }
    }
  }

  async setBase(journal: string, epoch: string, base: BaseReference): Promise<void> {
    const command = new UpdateItemCommand(setBaseInput(this.#table, journal, epoch, base))
    await this.#isDone(() => this.#client.send(command))
  }

  async putIntent(intent: StoredIntent): Promise<void> {
    const command = new PutItemCommand(putIntentInput(this.#table, intent))
    await this.#isDone(() => this.#client.send(command))
  }

  changeIntent(id: string, from: string, to: string): Promise<boolean> {
    const command = new UpdateItemCommand(changeIntentInput(this.#table, id, from, to))
    return this.#isDone(() => this.#client.send(command))
  }

  async removeIntent(id: string): Promise<void> {
    const command = new DeleteItemCommand({ TableName: this.#table, Key: itemKey(INTENTS_PARTITION, id) })
    await calling(() => this.#client.send(command))
  }

  async listIntents(): Promise<StoredIntent[]> {
    const found: StoredIntent[] = []
    let startKey: Item | undefined
    do {
      const command = new QueryCommand(intentsInput(this.#table, startKey))
      const { Items = [], LastEvaluatedKey } = await calling(() => this.#client.send(command))
      found.push(...Items.map(decodeIntentItem))
      startKey = LastEvaluatedKey
    } while (startKey !== undefined)
    return found
  }

  /** Whether a conditional write's condition held. */
  async #isDone(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await calling(write)
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }
}

/** Makes one call; what may be called again comes out as {@link StoreError}. */
async function calling<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw toStoreError(error) ?? error
  }
}

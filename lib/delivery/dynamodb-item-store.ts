import { randomBytes } from 'node:crypto'
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb'
import { type Config, clientOptions } from '../config.ts'
import { ABSENT, type Item, type ItemKey, type ItemRange, type ItemStore, type StoredItem } from './item-store.ts'
import { EXPIRES_AT_ATTRIBUTE, MESSAGES_PARTITION_KEY, MESSAGES_SORT_KEY } from './messages-table.ts'

/** The SDK repeats with jitter what was throttled or got no answer, for as long as a request can wait for it. */
const MAX_ATTEMPTS = 4
const OWN_CONNECTIONS = { connectionTimeout: 500, requestTimeout: 2000, throwOnRequestTimeout: true } as const

/** The item store of a configuration, over connections of its own or those of another client of DynamoDB. */
export function openItemStore(
  { aws, messagesTable }: Pick<Config, 'aws' | 'messagesTable'>,
  connections: DynamoDBClientConfig['requestHandler'] = OWN_CONNECTIONS,
): ItemStore {
  const client = new DynamoDBClient({
    ...clientOptions(aws, 'dynamodb'),
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: connections,
  })
  return new DynamoDbItemStore(client, messagesTable)
}

const [DATA, REVISION] = ['data', 'revision']

export class DynamoDbItemStore implements ItemStore {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  close(): void {
    this.#client.destroy()
  }

  async get(key: ItemKey): Promise<StoredItem | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: keyOf(key), ConsistentRead: true })
    const { Item } = await this.#client.send(command)
    return Item && decode(Item)
  }

  async put(item: Item, ifRevision?: string): Promise<string | undefined> {
    const revision = randomBytes(9).toString('base64url')
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: encode(item, revision),
      ...conditionOn(ifRevision),
    })
    try {
      await this.#client.send(command)
      return revision
    } catch (error) {
      // An attempt whose answer was lost may have written it; the next attempt then fails on its own revision.
      return before(error)?.revision === revision ? revision : undefined
    }
  }

  async remove(key: ItemKey, ifRevision?: string): Promise<boolean> {
    const condition = conditionOn(ifRevision)
    const command = new DeleteItemCommand({ TableName: this.#table, Key: keyOf(key), ...condition })
    try {
      await this.#client.send(command)
      return true
    } catch (error) {
      return before(error) === undefined
    }
  }

  async list(
    partition: string,
    { from = FIRST, to = LAST, limit, newestFirst = false }: ItemRange,
  ): Promise<StoredItem[]> {
    if (from > to) return []
    const found: StoredItem[] = []
    let startKey: Record<string, AttributeValue> | undefined
    do {
      const { Items = [], LastEvaluatedKey } = await this.#client.send(
        this.#query(partition, { from, to, limit: limit - found.length, newestFirst }, startKey),
      )
      found.push(...Items.map(decode))
      startKey = LastEvaluatedKey
    } while (startKey !== undefined && found.length < limit)
    return found
  }

  #query(
    partition: string,
    { from, to, limit, newestFirst }: { from: string; to: string; limit: number; newestFirst: boolean },
    startKey?: Record<string, AttributeValue>,
  ) {
    return new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: '#partition = :partition AND #sort BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#partition': MESSAGES_PARTITION_KEY, '#sort': MESSAGES_SORT_KEY },
      ExpressionAttributeValues: { ':partition': { S: partition }, ':from': { S: from }, ':to': { S: to } },
      ConsistentRead: true,
      Limit: limit,
      ScanIndexForward: !newestFirst,
      ExclusiveStartKey: startKey,
    })
  }
}

/** Sort keys are plain ASCII. A key cannot be empty. */
const [FIRST, LAST] = [' ', '~']

const keyOf = ({ partition, sort }: ItemKey) => ({
  [MESSAGES_PARTITION_KEY]: { S: partition },
  [MESSAGES_SORT_KEY]: { S: sort },
})

const encode = ({ data, expiresAtS, ...key }: Item, revision: string): Record<string, AttributeValue> => ({
  ...keyOf(key),
  [DATA]: { S: data },
  [REVISION]: { S: revision },
  ...(expiresAtS !== undefined && { [EXPIRES_AT_ATTRIBUTE]: { N: String(expiresAtS) } }),
})

function decode(item: Record<string, AttributeValue>): StoredItem {
  const expiresAt = item[EXPIRES_AT_ATTRIBUTE]?.N
  return {
    partition: item[MESSAGES_PARTITION_KEY]?.S ?? '',
    sort: item[MESSAGES_SORT_KEY]?.S ?? '',
    data: item[DATA]?.S ?? '',
    revision: item[REVISION]?.S ?? '',
    ...(expiresAt !== undefined && { expiresAtS: Number(expiresAt) }),
  }
}

/** What was there instead comes back with the refusal. */
function conditionOn(ifRevision: string | undefined) {
  if (ifRevision === undefined) return {}
  const common = {
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    ExpressionAttributeNames: { '#r': REVISION },
  }
  if (ifRevision === ABSENT) return { ...common, ConditionExpression: 'attribute_not_exists(#r)' }
  return { ...common, ConditionExpression: '#r = :r', ExpressionAttributeValues: { ':r': { S: ifRevision } } }
}

/** The item because of which a condition failed; undefined where there was none. Throws what is no failed condition. */
function before(error: unknown): StoredItem | undefined {
  if (!(error instanceof ConditionalCheckFailedException)) throw error
  return error.Item && decode(error.Item)
}

import type { ExchangeType } from './exchange-type.ts'
import { direct } from './exchange-types/direct.ts'
import { fanout } from './exchange-types/fanout.ts'
import { headers } from './exchange-types/headers.ts'
import { topic } from './exchange-types/topic.ts'
import { xConsistentHash } from './exchange-types/x-consistent-hash.ts'
import { delayedMessage } from './exchange-types/x-delayed-message.ts'
import { xMessageDeduplication } from './exchange-types/x-message-deduplication.ts'
import { xModulusHash } from './exchange-types/x-modulus-hash.ts'
import { xRandom } from './exchange-types/x-random.ts'
import { xRecentHistory } from './exchange-types/x-recent-history.ts'

/** Sorted by name, as RabbitMQ's overview lists them. A new type is its own file and a line here. */
const EXCHANGE_TYPES: readonly ExchangeType[] = [
  direct,
  fanout,
  headers,
  topic,
  xConsistentHash,
  delayedMessage((name) => BY_NAME.get(name)),
  xMessageDeduplication,
  xModulusHash,
  xRandom,
  xRecentHistory,
]

const BY_NAME: ReadonlyMap<string, ExchangeType> = new Map(EXCHANGE_TYPES.map((type) => [type.name, type]))

/** The type of that name, or undefined for one that Leveret does not know. */
export const exchangeType = (name: string): ExchangeType | undefined => BY_NAME.get(name)

/** All types, for the overview. */
export const exchangeTypes = (): readonly ExchangeType[] => EXCHANGE_TYPES

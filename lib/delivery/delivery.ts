import type { Config } from '../config.ts'
import type { Blobs } from '../journal/blobs.ts'
import { type Clock, systemClock } from '../journal/clock.ts'
import { ClaimChecks } from './claim-checks.ts'
import { openItemStore } from './dynamodb-item-store.ts'
import { isEmpty } from './is-empty.ts'
import type { ItemStore } from './item-store.ts'
import { type Purged, purge } from './purge.ts'
import { QueueCounter } from './queue-counts.ts'
import { openSqs, type SqsApi } from './sqs-client.ts'
import { SqsQueues } from './sqs-queues.ts'
import { SqsReceiver } from './sqs-receiver.ts'
import { SqsSender } from './sqs-sender.ts'

/** What is in flight, as the broker handles it. Nothing here decides where a message goes or who may send it. */
export interface Delivery {
  readonly queues: SqsQueues
  readonly counter: QueueCounter
  readonly sender: SqsSender
  readonly receiver: SqsReceiver
  readonly claimChecks: ClaimChecks
  /** The messages table. */
  readonly items: ItemStore
  /** Deletes, for `budgetMs` at most, what is ready and was sent before; see `purge.ts`. */
  purge(sqsQueueName: string, budgetMs: number): Promise<Purged>
  /** Whether nothing is there, looked at rather than counted only; see `is-empty.ts`. */
  isEmpty(sqsQueueName: string): Promise<boolean>
  /** Closes the connections to SQS and to the messages table. */
  close(): void
}

export type DeliveryConfig = Pick<
  Config,
  | 'namePrefix'
  | 'messagesTable'
  | 'sqsQueueUrlBase'
  | 'sqsQueueArnBase'
  | 'encryptionKeyArn'
  | 'fullPollWaitS'
  | 'countsCacheMs'
  | 'aws'
>

export function openDelivery(
  config: DeliveryConfig,
  blobs: Blobs,
  clock: Clock = systemClock,
  sqs: SqsApi = openSqs(config.aws),
  items: ItemStore = openItemStore(config),
): Delivery {
  const { fullPollWaitS } = config
  const queues = new SqsQueues(sqs, config)
  const counter = new QueueCounter(sqs, queues.urlOf, clock, config.countsCacheMs)
  const receiver = new SqsReceiver(sqs, queues.urlOf, clock)
  return {
    queues,
    counter,
    sender: new SqsSender(sqs, queues.urlOf, clock),
    receiver,
    claimChecks: new ClaimChecks(blobs),
    items,
    purge: (sqsQueueName, budgetMs) => purge(receiver, clock, sqsQueueName, { budgetMs, fullPollWaitS }),
    isEmpty: (sqsQueueName) => isEmpty(counter, receiver, sqsQueueName, fullPollWaitS),
    close() {
      sqs.close()
      items.close()
    },
  }
}

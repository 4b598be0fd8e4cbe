import { randomBytes } from 'node:crypto'
import { type Config, FED_VISIBILITY_S, type InternalQueue, internalQueueName } from '../config.ts'
import { randomText } from '../model/id.ts'
import { MAX_VISIBILITY_S } from '../model/queue.ts'
import { maxReceiveCountOf, type QueueSettings, type RedriveSettings } from '../topology/vhost/queue-settings.ts'
import { mapConcurrent } from './concurrent.ts'
import { isFifoName, PHYSICAL_NAME_RANDOM_LENGTH, physicalName } from './physical-name.ts'
import { INTERNAL_RETENTION_S, internalAttributes, QUEUE_RETENTION_S, queueAttributes } from './sqs-attributes.ts'
import type { SqsApi } from './sqs-client.ts'
import { isMissingQueue } from './sqs-errors.ts'

export interface CreateOptions {
  readonly retentionS?: number
  /** What is in force for the declared queue; left out for SQS queues that nothing dies in. */
  readonly settings?: ActingSettings | undefined
}

/** Of the SQS queue where a declared queue keeps its dead letters. Nothing dies there. */
export const DEAD_LETTERS_OPTIONS: CreateOptions = { retentionS: INTERNAL_RETENTION_S }

/** An SQS queue that is to be made. */
export interface NewSqsQueue extends CreateOptions {
  readonly name: string
}

/** What of a queue's settings its SQS queue acts on. */
type ActingSettings = RedriveSettings & Pick<QueueSettings, 'consumerTimeoutMs'>

type QueuesConfig = Pick<Config, 'namePrefix' | 'sqsQueueUrlBase' | 'sqsQueueArnBase' | 'encryptionKeyArn'>

/** The SQS queues behind declared queues. All calls throw what the SDK throws, unless said otherwise. */
export class SqsQueues {
  readonly #sqs: SqsApi
  readonly #config: QueuesConfig

  constructor(sqs: SqsApi, config: QueuesConfig) {
    this.#sqs = sqs
    this.#config = config
  }

  readonly urlOf = (name: string): string => `${this.#config.sqsQueueUrlBase}/${name}`

  readonly arnOf = (name: string): string => `${this.#config.sqsQueueArnBase}${name}`

  /** A name for the SQS queue of a declared queue that no SQS queue has ever had. */
  newName(declaredName: string, fifo: boolean): string {
    const random = randomText(randomBytes(PHYSICAL_NAME_RANDOM_LENGTH))
    return physicalName(this.#config.namePrefix, declaredName, random, fifo)
  }

  /**
   * Creates an SQS queue with everything that matters set explicitly; FIFO where the name ends in `.fifo`. Repeating it
   * changes nothing. No tags: tagging is limited to 5 calls a second. SQS wants 1 s between this and the first use.
   */
  async create(name: string, options: CreateOptions = {}): Promise<void> {
    await this.#sqs.createQueue({ QueueName: name, Attributes: this.attributesFor(name, options) })
  }

  /**
   * The attributes that the SQS queue of a declared queue should have, under what is in force for it. A change of that is
   * set in the SQS queues that exist (broker/altering-intents.ts).
   */
  desiredAttributes(name: string, settings: ActingSettings): Record<string, string> {
    return this.attributesFor(name, { settings })
  }

  /** The attributes that {@link create} sets. */
  attributesFor(
    name: string,
    { retentionS = QUEUE_RETENTION_S, settings }: CreateOptions = {},
  ): Record<string, string> {
    return {
      ...queueAttributes(this.#config, name, retentionS),
      ...(settings && {
        RedrivePolicy: this.#redrivePolicy(name, settings),
        VisibilityTimeout: String(visibilityTimeoutS(settings)),
      }),
    }
  }

  /** As {@link create}, for one of the broker's own. */
  async createInternal(queue: InternalQueue): Promise<void> {
    const attributes = { ...this.internalAttributes(queue), VisibilityTimeout: String(FED_VISIBILITY_S) }
    await this.#sqs.createQueue({ QueueName: internalQueueName(this.#config, queue), Attributes: attributes })
  }

  /** Those attributes of one of the broker's own that are the same everywhere. */
  internalAttributes(queue: InternalQueue): Record<string, string> {
    return internalAttributes(this.#config, queue)
  }

  /** What is received too often goes to the internal queue of dead messages. SQS wants both to be of one type. */
  #redrivePolicy(name: string, settings: RedriveSettings): string {
    const dead = internalQueueName(this.#config, isFifoName(name) ? 'dead.fifo' : 'dead')
    return JSON.stringify({ deadLetterTargetArn: this.arnOf(dead), maxReceiveCount: maxReceiveCountOf(settings) })
  }

  /** Sets attributes; SQS takes up to 60 s to act on them everywhere. A queue that is gone has nothing to be set. */
  async alter(name: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    // Fixed when the queue was made: SQS refuses it here even unchanged.
    const { FifoQueue: _, ...settable } = attributes
    try {
      await this.#sqs.setQueueAttributes({ QueueUrl: this.urlOf(name), Attributes: settable })
    } catch (error) {
      if (!isMissingQueue(error)) throw error
    }
  }

  /** Creates SQS queues, at most `concurrency` at a time. Rejects with the first failure; repeating it is harmless. */
  async createAll(queues: readonly NewSqsQueue[], concurrency: number): Promise<void> {
    await mapConcurrent(queues, concurrency, ({ name, ...options }) => this.create(name, options))
  }

  /** Deletes an SQS queue and all that is in it; one that is gone already is as good. */
  async delete(name: string): Promise<void> {
    try {
      await this.#sqs.deleteQueue(this.urlOf(name))
    } catch (error) {
      if (!isMissingQueue(error)) throw error
    }
  }

  /** As {@link createAll}, for deleting. */
  async deleteAll(names: readonly string[], concurrency: number): Promise<void> {
    await mapConcurrent(names, concurrency, (name) => this.delete(name))
  }

  /** All attributes as SQS names them; undefined where the SQS queue does not exist. */
  async attributes(name: string): Promise<Readonly<Record<string, string>> | undefined> {
    try {
      return await this.#sqs.getQueueAttributes(this.urlOf(name), ['All'])
    } catch (error) {
      if (isMissingQueue(error)) return undefined
      throw error
    }
  }
}

/** What SQS takes where nobody says otherwise (SQS quotas). */
const DEFAULT_VISIBILITY_S = 30

/** How long a delivery to a consumer that names no time of its own stays hidden. */
export const visibilityTimeoutS = ({ consumerTimeoutMs }: Pick<ActingSettings, 'consumerTimeoutMs'>): number =>
  consumerTimeoutMs === undefined
    ? DEFAULT_VISIBILITY_S
    : Math.min(Math.max(Math.ceil(consumerTimeoutMs / 1000), 1), MAX_VISIBILITY_S)

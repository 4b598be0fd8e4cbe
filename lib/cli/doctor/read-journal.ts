import type { BrokerJournals } from '../../broker/broker.ts'
import type { SqsIntentBody } from '../../broker/sqs-intents.ts'
import { type CreateOptions, DEAD_LETTERS_OPTIONS } from '../../delivery/sqs-queues.ts'
import { describeObject } from '../../model/names.ts'
import { firstNamePrefix, openJournals } from '../open-journals.ts'

/** What the journal says of SQS queues. */
export interface JournalAccount {
  /** Declared queues by the SQS queues behind them. */
  readonly declared: ReadonlyMap<string, DeclaredSqsQueue>
  /** SQS queues that are being made or deleted right now, or were when whoever did it died: `clock` finishes those. */
  readonly inHand: ReadonlySet<string>
}

/** What the journal says of an SQS queue. */
export interface DeclaredSqsQueue {
  /** `queue 'orders' in vhost '/'`. */
  readonly owner: string
  /** How it is to be made, as things stand; undefined for one that somebody else makes and configures. */
  readonly options: CreateOptions | undefined
}

/** What a broker's journal is asked by those who look after it; it is only read. */
export interface JournalReader {
  /** The name prefix that the broker was made with; undefined where its first entry does not say. */
  namePrefix(): Promise<string | undefined>
  /**
   * Intents first: what is committed in between is in the topology then, so a queue that is being declared is in one or
   * the other. List SQS queues before you call this.
   */
  account(): Promise<JournalAccount>
  close(): void
}

/** Every call throws `BrokerError` where the table cannot be read, or holds no broker. */
export function openJournalReader(topologyTable: string): JournalReader {
  const { journals, close } = openJournals(topologyTable)
  return {
    namePrefix: () => firstNamePrefix(journals),
    account: async () => {
      const inHand = await intendedQueues(journals)
      return { declared: await declaredQueues(journals), inHand }
    },
    close,
  }
}

async function intendedQueues(journals: BrokerJournals): Promise<Set<string>> {
  const intents = await journals.intents.olderThan(Number.NEGATIVE_INFINITY)
  return new Set(intents.flatMap(({ body }) => (body as unknown as SqsIntentBody).sqsQueues))
}

async function declaredQueues(journals: BrokerJournals): Promise<Map<string, DeclaredSqsQueue>> {
  const declared = new Map<string, DeclaredSqsQueue>()
  const { access } = await journals.view(journals.arrival(), { confirm: true })
  for (const name of [...access.vhosts.keys()]) {
    const request = { confirm: true, vhost: (current: typeof access) => current.vhosts.get(name)?.id }
    const { vhost } = await journals.view(journals.arrival(), request)
    for (const { queue } of vhost?.queues() ?? []) {
      const owner = describeObject('queue', queue.name, name)
      const options = { settings: vhost?.settingsOf(queue) }
      for (const { name: sqsName, adopted, inbox } of queue.sqsQueues) {
        if (inbox) continue
        declared.set(sqsName, { owner, options: adopted ? undefined : options })
      }
      if (queue.deadLetters) declared.set(queue.deadLetters.name, { owner, options: DEAD_LETTERS_OPTIONS })
    }
  }
  return declared
}

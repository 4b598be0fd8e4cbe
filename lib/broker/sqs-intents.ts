import type { NewSqsQueue } from '../delivery/sqs-queues.ts'
import type { Intent } from '../journal/intents.ts'
import { logError } from '../log.ts'
import type { AmqpValue } from '../model/amqp-value.ts'
import { ownSqsNames } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { newId } from './change.ts'
import { viewVhost } from './view-vhost.ts'

/**
 * What an intent says about SQS queues (docs/architecture.md): they are being made for a commit that may never come, or are left to
 * be deleted by one that did. Whoever finds it later knows what to delete.
 */
export interface SqsIntentBody {
  readonly sqsQueues: readonly string[]
}

/** An item holds 400 KB; a name has 80 bytes at most. */
const MAX_NAMES = 2000

/** How many calls to SQS's control plane are under way at once. */
export const CONTROL_PLANE_CONCURRENCY = 10

/**
 * Makes SQS queues for a commit that is to take the intent away which names them until then, so that whatever dies on the
 * way, no SQS queue stays that no declared queue owns. A creation that failed may take effect yet, so its intent stays for
 * the clock, which deletes what is there by then.
 */
export async function createUnderIntent(broker: Broker, sqsQueues: readonly NewSqsQueue[]): Promise<Intent> {
  const names = sqsQueues.map(({ name }) => name)
  const intent = intentOf(broker, 'creating', names)
  await broker.journals.intents.put(intent)
  try {
    await broker.delivery.queues.createAll(sqsQueues, CONTROL_PLANE_CONCURRENCY)
  } catch (error) {
    await broker.journals.intents.abandon(intent.id)
    throw error
  }
  return intent
}

/** As many intents as it takes to name all of these. */
export function deletingIntents(broker: Broker, sqsQueues: readonly string[]): Intent[] {
  const intents: Intent[] = []
  for (let start = 0; start < sqsQueues.length; start += MAX_NAMES) {
    intents.push(intentOf(broker, 'deleting', sqsQueues.slice(start, start + MAX_NAMES)))
  }
  return intents
}

function intentOf(broker: Broker, state: Intent['state'], sqsQueues: readonly string[]): Intent {
  const body: SqsIntentBody = { sqsQueues }
  return { id: newId(broker), state, createdMs: broker.clock.wallMs(), body: body as unknown as AmqpValue }
}

/** Deletes the SQS queues that an intent names, then the intent. Throws where a queue could not be deleted; repeatable. */
export async function finishDeleting(broker: Broker, intent: Intent): Promise<void> {
  await broker.delivery.queues.deleteAll(namesIn(intent), CONTROL_PLANE_CONCURRENCY)
  await broker.journals.intents.remove(intent.id)
}

/**
 * As {@link finishDeleting}, for an intent that was abandoned, so that no commit takes it any more. One may have taken it
 * before: a put whose answer was lost is made again, and where the first one arrives last it brings back an intent that a
 * commit has removed. So what a declared queue owns stays. The intent stays as well, for a while: a commit and a put that
 * are still on their way would otherwise make a queue whose SQS queue is gone.
 */
export async function finishAbandoned(broker: Broker, intent: Intent): Promise<void> {
  const owned = await ownedAmong(broker, namesIn(intent))
  const names = namesIn(intent).filter((name) => !owned.has(name))
  await broker.delivery.queues.deleteAll(names, CONTROL_PLANE_CONCURRENCY)
  await broker.journals.intents.end(intent.id)
}

const namesIn = ({ body }: Intent): readonly string[] => (body as unknown as SqsIntentBody).sqsQueues

async function ownedAmong(broker: Broker, names: readonly string[]): Promise<ReadonlySet<string>> {
  const { journals } = broker
  const { access } = await journals.view(journals.arrival(), { confirm: true })
  const asked = new Set(names)
  const owned = new Set<string>()
  for (const { id } of [...access.vhosts.values()]) {
    const context = await viewVhost(broker, id, { confirm: true })
    for (const { queue } of context?.vhost.queues() ?? []) {
      for (const name of ownSqsNames(queue)) if (asked.has(name)) owned.add(name)
    }
  }
  return owned
}

/**
 * As {@link finishDeleting}, for a change that is already made: what cannot be deleted now stays named by the intent,
 * and the clock tries again.
 */
export async function finishDeletingOrLeave(broker: Broker, intents: readonly Intent[]): Promise<void> {
  await orLeave(intents.map((intent) => finishDeleting(broker, intent)))
}

async function orLeave(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') logError('SQS queues are left to be deleted later', outcome.reason)
  }
}

/** Gives up queues that were made for a commit, unless the commit took place after all. */
export async function discardCreated(broker: Broker, intent: Intent): Promise<void> {
  if (await broker.journals.intents.abandon(intent.id)) await orLeave([finishAbandoned(broker, intent)])
}

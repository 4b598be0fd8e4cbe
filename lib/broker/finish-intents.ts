import type { Intent } from '../journal/intents.ts'
import { logError } from '../log.ts'
import { finishAlteringIntent } from './altering-intents.ts'
import type { Broker } from './broker.ts'
import { finishReplaying } from './replay.ts'
import { finishDeleting } from './sqs-intents.ts'

/** Older than any request can be: whoever put the intent has died, or has given up (docs/architecture.md). */
const ABANDONED_AFTER_MS = 10 * 60_000

/**
 * Finishes what somebody began and did not end: SQS queues that no commit took, those that one left to delete or to
 * change, and messages that a binding brings along.
 */
export async function finishIntents(broker: Broker): Promise<void> {
  const { intents } = broker.journals
  for (const intent of await intents.olderThan(ABANDONED_AFTER_MS)) {
    try {
      if (intent.state === 'replaying') await finishReplaying(broker, intent)
      else if (intent.state === 'changing') await finishAlteringIntent(broker, intent)
      else if (await isToBeDeleted(broker, intent)) await finishDeleting(broker, intent)
    } catch (error) {
      logError('unfinished work stays for the next minute', error, { intent: intent.id })
    }
  }
}

/** Whether the queues of an intent are to be deleted. What a newer release puts, for another purpose, is left to it. */
async function isToBeDeleted({ journals }: Broker, { id, state }: Intent): Promise<boolean> {
  // Whoever is still about to commit a `creating` one loses it here, and its commit fails.
  if (state === 'creating') return journals.intents.abandon(id)
  return state === 'abandoned' || state === 'deleting'
}

import type { Intent } from '../journal/intents.ts'
import { logError } from '../log.ts'
import { finishAlteringIntent } from './altering-intents.ts'
import type { Broker } from './broker.ts'
import { finishReplaying } from './replay.ts'
import { finishAbandoned, finishDeleting } from './sqs-intents.ts'

/** Older than any request can be: whoever put the intent has died, or has given up (docs/architecture.md). */
const ABANDONED_AFTER_MS = 10 * 60_000
/** No request is on its way for so long. */
const FORGOTTEN_AFTER_MS = 60 * 60_000

/**
 * Finishes what somebody began and did not end: SQS queues that no commit took, those that one left to delete or to
 * change, and messages that a binding brings along.
 */
export async function finishIntents(broker: Broker): Promise<void> {
  const { intents } = broker.journals
  for (const intent of await intents.olderThan(ABANDONED_AFTER_MS)) {
    try {
      await finish(broker, intent)
    } catch (error) {
      logError('unfinished work stays for the next minute', error, { intent: intent.id })
    }
  }
}

/** What a newer release puts, for another purpose, is left to it. */
async function finish(broker: Broker, intent: Intent): Promise<void> {
  if (intent.state === 'replaying') return finishReplaying(broker, intent)
  if (intent.state === 'changing') return finishAlteringIntent(broker, intent)
  if (intent.state === 'deleting') return finishDeleting(broker, intent)
  if (intent.state === 'ended') return forget(broker, intent)
  if (intent.state !== 'creating' && intent.state !== 'abandoned') return
  // Whoever is still about to commit a `creating` one loses it here, and its commit fails.
  if (await broker.journals.intents.abandon(intent.id)) await finishAbandoned(broker, intent)
}

async function forget({ clock, journals }: Broker, { id, createdMs }: Intent): Promise<void> {
  if (clock.wallMs() - createdMs > FORGOTTEN_AFTER_MS) await journals.intents.remove(id)
}

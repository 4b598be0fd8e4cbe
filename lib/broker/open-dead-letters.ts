import { DEAD_LETTERS_OPTIONS } from '../delivery/sqs-queues.ts'
import type { Queue } from '../model/queue.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import { LEVERET, newId, stateOf } from './change.ts'
import type { VhostContext } from './session.ts'
import { createUnderIntent, discardCreated } from './sqs-intents.ts'

/**
 * Makes the SQS queue in which a queue keeps messages that die without a dead-letter exchange, unless it has one; answers
 * the queue with it. It is the queue's for as long as it lives. Throws where the queue is gone.
 */
export async function openDeadLetters({ broker, vhost }: VhostContext, queue: Queue): Promise<Queue> {
  if (queue.deadLetters) return queue
  const { journals } = broker
  const journal = vhost.id
  const arrival = journals.arrival()
  // Always a standard one: a receive of a FIFO queue hides what is behind it in its group.
  const sqsQueue = { name: broker.delivery.queues.newName(`dead-letters-${queue.name}`, false) }
  const intent = await createUnderIntent(broker, [{ ...sqsQueue, ...DEAD_LETTERS_OPTIONS }])
  const request = {
    arrival,
    who: LEVERET,
    commitId: newId(broker),
    journals: () => [journal],
    decide: ({ vhosts }: Parameters<Parameters<typeof journals.transact>[0]['decide']>[0]) => {
      const state = stateOf(vhosts, journal)
      const events = decideVhost(state, { type: 'open-dead-letters', id: queue.id, sqsQueue })
      const take = [{ id: intent.id, state: 'creating' as const }]
      const deadLetters = events.length > 0 ? sqsQueue : state.queueById(queue.id)?.deadLetters
      return { writes: [{ journal, events }], ...(events.length > 0 && { intents: { take } }), result: deadLetters }
    },
  }
  const { result, changed, versions } = await journals.transact(request).catch(async (error: unknown) => {
    await discardCreated(broker, intent)
    throw error
  })
  if (!changed) await discardCreated(broker, intent)
  if (!result) throw new Error(`queue '${queue.name}' was deleted while its dead message was on its way`)
  await journals.settled(versions)
  return { ...queue, deadLetters: result }
}

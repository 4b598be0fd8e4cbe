import type { Transacted } from '../journal/decision.ts'
import type { Intent } from '../journal/intents.ts'
import { BrokerError } from '../model/errors.ts'
import type { VhostCommand } from '../topology/vhost/decide.ts'
import { alteringIntents, finishAltering, finishEarlierAltering } from './altering-intents.ts'
import { type Change, commitToVhost } from './change.ts'
import type { VhostSession } from './session.ts'

/**
 * As changeVhost, for what may change policies: the SQS queues behind the queues concerned follow before the answer,
 * which takes SQS up to a minute more to act on everywhere. Where they are more than fit into a request, it throws
 * `unavailable` after the change is made; repeating it goes on, and the clock finishes what nobody repeats.
 */
export async function changePolicies(session: VhostSession, command: VhostCommand): Promise<Change> {
  const { broker, arrival, vhost } = session
  const goOn = () => finishEarlierAltering(broker, arrival, [vhost.id])
  const { changed, versions, result } = await commitPolicies(session, command).catch(async (error: unknown) => {
    // A repeated deletion finds nothing to delete, and may have been repeated in order to go on.
    if (error instanceof BrokerError && error.kind === 'not-found') await goOn()
    throw error
  })
  await Promise.all([broker.journals.settled(versions), changed ? finishAltering(broker, arrival, result) : goOn()])
  return changed ? 'changed' : 'unchanged'
}

/** Commits the command together with what it leaves to be done in SQS, which is the result; waits for no lease. */
export const commitPolicies = (session: VhostSession, command: VhostCommand): Promise<Transacted<readonly Intent[]>> =>
  commitToVhost(session, command, {
    intentsFor: (state, events) => alteringIntents(session.broker, state, events),
  })

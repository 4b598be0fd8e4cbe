import { BrokerError } from '../model/errors.ts'
import { liveGateways } from './live-gateways.ts'
import { reapGateways } from './reap-gateways.ts'
import { renewSession, type VhostSession } from './session.ts'

/**
 * Does what a queue of that name may be locked against, and once more where the connection that locks it is that of a dead
 * gateway: a client that comes back after a crash finds its queue as soon as the lease is over, not when the clock comes by.
 */
export async function withoutDeadOwner<T>(
  session: VhostSession,
  name: string,
  work: (session: VhostSession) => Promise<T>,
): Promise<T> {
  try {
    return await work(session)
  } catch (error) {
    if (!(error instanceof BrokerError) || error.kind !== 'locked' || !(await isOwnerDead(session, name))) throw error
    await reapGateways(session.broker)
    return work(await renewSession(session))
  }
}

async function isOwnerDead({ broker, vhost }: VhostSession, name: string): Promise<boolean> {
  const owner = vhost.queueByName(name)?.exclusive?.gateway
  return owner !== undefined && !(await liveGateways(broker)).includes(owner)
}

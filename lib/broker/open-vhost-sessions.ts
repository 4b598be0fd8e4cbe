import { hasVhost, openSession, type Session, type VhostSession } from './session.ts'

/** The same request over several vhosts, each confirmed after it arrived. One that is gone meanwhile is left out. */
export async function openVhostSessions(
  { broker, arrival, user }: Session,
  names: readonly string[],
): Promise<readonly VhostSession[]> {
  const sessions = await Promise.all(
    names.map((vhost) => openSession(broker, { arrival, vhost, confirm: true, authenticate: () => user })),
  )
  return sessions.filter(hasVhost)
}

import { assertVhostAccess, hasVhostAccess, tagsAllow } from '../access/authorise.ts'
import { openVhostSessions } from '../broker/open-vhost-sessions.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import { notFound } from '../model/errors.ts'
import type { Vhost } from '../model/vhost.ts'
import type { ApiContext } from './env.ts'
import { header } from './session.ts'

/** Contract §1.1: administrators and monitoring see every vhost, others those that they may enter. */
export function visibleVhosts({ access, user }: Session): Vhost[] {
  const vhosts = [...access.vhosts.values()]
  return tagsAllow(user, 'monitoring') ? vhosts : vhosts.filter(({ name }) => hasVhostAccess(access, user, name))
}

/**
 * The vhosts whose contents a list without a vhost in its path shows: those that the user may enter, and every one to an
 * administrator; or the one that the `X-Vhost` header names (contract §1.1). Throws `not-found` for a header that names none.
 */
export function listedVhosts(c: ApiContext, { access, user }: Session): Vhost[] {
  const isAdministrator = tagsAllow(user, 'administrator')
  const name = header(c, 'x-vhost')
  if (name === undefined) {
    return [...access.vhosts.values()].filter((vhost) => isAdministrator || hasVhostAccess(access, user, vhost.name))
  }
  const vhost = access.vhosts.get(name)
  if (!vhost) throw notFound()
  if (!isAdministrator) assertVhostAccess(access, user, name)
  return [vhost]
}

/** The topologies of {@link listedVhosts}. */
export const listedSessions = (c: ApiContext, session: Session): Promise<readonly VhostSession[]> =>
  openVhostSessions(
    session,
    listedVhosts(c, session).map(({ name }) => name),
  )

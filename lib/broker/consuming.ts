import { assertMayConsume } from '../access/permissions.ts'
import { noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import { assertUnlocked } from '../topology/vhost/exclusive.ts'
import type { VhostSession } from './session.ts'

/** The queue that somebody is to take messages out of. Throws `access-refused`, `not-found` and `locked`, in this order. */
export function assertMayConsumeFrom({ access, user, vhost, connection }: VhostSession, name: string): Queue {
  assertMayConsume(access, user, vhost.vhost, name)
  const queue = vhost.queueByName(name)
  if (!queue) throw noSuchObject('queue', name, vhost.vhost)
  assertUnlocked(queue, connection, vhost.vhost)
  return queue
}

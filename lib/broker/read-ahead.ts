import type { Broker } from './broker.ts'

/**
 * Reads what the first request of an environment is likely to need: who may do what, and the vhost where there is only one.
 * Inside their leases that request reads nothing then. Throws `unavailable`.
 */
export async function readAhead({ journals }: Broker): Promise<void> {
  const { access } = await journals.view(journals.arrival())
  const [vhost, ...others] = access.vhosts.values()
  if (vhost && others.length === 0) await journals.view(journals.arrival(), { vhost: () => vhost.id })
}

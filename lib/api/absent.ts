import { notFound } from '../model/errors.ts'
import type { Api, ApiContext } from './env.ts'
import { listAnswer } from './list.ts'
import { noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'

const MANAGEMENT: Entry = { tag: 'management', leased: true }

const PAGED = ['/connections', '/channels']
const LISTS = ['/consumers', '/federation-links', '/shovels']

const PAGED_OF_A_VHOST = ['/vhosts/:vhost/connections', '/vhosts/:vhost/channels']
const LISTS_OF_A_VHOST = ['/consumers/:vhost', '/federation-links/:vhost', '/shovels/:vhost']

/** Contract §1.6: what clients ask for and a broker without connections and plugins has none of. */
export function absentRoutes(api: Api): void {
  for (const path of PAGED) api.get(path, withSession(MANAGEMENT, noItems(true)))
  for (const path of LISTS) api.get(path, withSession(MANAGEMENT, noItems(false)))
  for (const path of PAGED_OF_A_VHOST) api.get(path, withVhost(MANAGEMENT, noItems(true)))
  for (const path of LISTS_OF_A_VHOST) api.get(path, withVhost(MANAGEMENT, noItems(false)))

  api.get('/connections/username/:user', withSession(MANAGEMENT, noItems(false)))
  api.delete(
    '/connections/username/:user',
    withSession(MANAGEMENT, (c) => noContent(c)),
  )

  api.get('/connections/:connection', missing)
  api.delete('/connections/:connection', missing)
  api.get('/connections/:connection/channels', missing)
  api.get('/channels/:channel', missing)
}

const noItems =
  (paged: boolean) =>
  (c: ApiContext): Promise<Response> =>
    listAnswer(c, [], { order: [], paged })

const missing = withSession(MANAGEMENT, () => {
  throw notFound()
})

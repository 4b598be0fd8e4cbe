import { notFound } from '../model/errors.ts'
import type { Api } from './env.ts'
import { listAnswer } from './list.ts'
import { noContent } from './respond.ts'
import { withSession, withVhost } from './session.ts'

const LISTS = ['/connections', '/channels', '/consumers', '/federation-links', '/shovels']

const LISTS_OF_A_VHOST = [
  '/vhosts/:vhost/connections',
  '/vhosts/:vhost/channels',
  '/consumers/:vhost',
  '/federation-links/:vhost',
  '/shovels/:vhost',
]

/** Contract §1.6: what clients ask for and a broker without connections and plugins has none of. */
export function absentRoutes(api: Api): void {
  for (const path of LISTS) {
    api.get(
      path,
      withSession({ tag: 'management', leased: true }, (c) => listAnswer(c, NONE, { order: [] })),
    )
  }
  for (const path of LISTS_OF_A_VHOST) {
    api.get(
      path,
      withVhost({ tag: 'management', leased: true }, (c) => listAnswer(c, NONE, { order: [] })),
    )
  }

  api.get(
    '/connections/username/:user',
    withSession({ tag: 'management', leased: true }, (c) => listAnswer(c, NONE, { order: [] })),
  )
  api.delete(
    '/connections/username/:user',
    withSession({ tag: 'management', leased: true }, (c) => noContent(c)),
  )

  api.get('/connections/:connection', missing)
  api.delete('/connections/:connection', missing)
  api.get('/connections/:connection/channels', missing)
  api.get('/channels/:channel', missing)
}

const NONE: readonly object[] = []

const missing = withSession({ tag: 'management', leased: true }, () => {
  throw notFound()
})

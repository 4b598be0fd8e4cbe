import type { Api, ApiContext } from './env.ts'
import { listAnswer } from './list.ts'
import { type Entry, withSession, withVhost } from './session.ts'

const MANAGEMENT: Entry = { tag: 'management', leased: true }

const LISTS = ['/federation-links', '/shovels']
const LISTS_OF_A_VHOST = ['/federation-links/:vhost', '/shovels/:vhost']

/** Contract §1.6: what clients ask for and a broker without plugins has none of. */
export function absentRoutes(api: Api): void {
  for (const path of LISTS) api.get(path, withSession(MANAGEMENT, noItems))
  for (const path of LISTS_OF_A_VHOST) api.get(path, withVhost(MANAGEMENT, noItems))
}

const noItems = (c: ApiContext): Promise<Response> => listAnswer(c, [], { order: [] })

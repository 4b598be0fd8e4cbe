import { importDefinitions } from '../broker/import-definitions.ts'
import { openVhostSessions } from '../broker/open-vhost-sessions.ts'
import type { Session } from '../broker/session.ts'
import { invalid } from '../model/errors.ts'
import { requireVhost } from '../topology/access/vhost.ts'
import type { Definitions } from '../topology/definitions/definitions.ts'
import { exportDefinitions, exportVhost } from '../topology/definitions/export.ts'
import { parseDefinitions } from '../topology/definitions/parse.ts'
import { isAnswer } from './answer.ts'
import { definitionsFile } from './definitions-file.ts'
import type { Api, ApiContext } from './env.ts'
import { EXPORTER } from './identity.ts'
import { queryParameter, segment } from './path.ts'
import { json, noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** The second name is the older one. */
const ROOTS = ['/definitions', '/all-configuration']

/** Contract §4. */
export function definitionRoutes(api: Api): void {
  for (const root of ROOTS) {
    api.get(root, withSession(ADMINISTRATOR, exportAll))
    api.post(root, withSession(ADMINISTRATOR, importAll))
    api.get(`${root}/:vhost`, withSession(ADMINISTRATOR, exportOne))
    api.post(`${root}/:vhost`, withSession(ADMINISTRATOR, importOne))
  }
}

async function exportAll(c: ApiContext, session: Session): Promise<Response> {
  const sessions = await openVhostSessions(session, [...session.access.vhosts.keys()])
  const vhosts = sessions.map(({ vhost }) => vhost)
  return json(c, exportDefinitions(session.access, vhosts, EXPORTER), 200, downloadHeaders(c))
}

async function exportOne(c: ApiContext, session: Session): Promise<Response> {
  const name = segment(c, 'vhost')
  const [found] = session.access.vhosts.has(name) ? await openVhostSessions(session, [name]) : []
  if (!found) throw invalid('vhost_not_found')
  return json(c, exportVhost(found.vhost, session.access.vhosts.get(name), EXPORTER), 200, downloadHeaders(c))
}

async function importAll(c: ApiContext, session: Session): Promise<Response> {
  const file = await definitionsFile(c)
  if (isAnswer(file)) return file
  return importFile(c, session, parseDefinitions(file))
}

async function importOne(c: ApiContext, session: Session): Promise<Response> {
  const file = await definitionsFile(c)
  if (isAnswer(file)) return file
  const { name: vhost } = requireVhost(session.access, segment(c, 'vhost'), 'vhost_not_found')
  return importFile(c, session, parseDefinitions(file, { vhost }))
}

/** What was passed over is told in a header: RabbitMQ's answer has no body, but nothing shall be different in silence. */
async function importFile(c: ApiContext, session: Session, definitions: Definitions): Promise<Response> {
  await importDefinitions(session, definitions)
  const answer = noContent(c)
  if (definitions.warnings.length > 0) answer.headers.set(WARNINGS_HEADER, headerText(definitions.warnings.join('; ')))
  return answer
}

const WARNINGS_HEADER = 'leveret-warnings'
const MAX_HEADER_CHARACTERS = 2000

/** Headers carry printable ASCII. */
const headerText = (text: string): string => text.slice(0, MAX_HEADER_CHARACTERS).replace(/[^\x20-\x7e]/g, '?')

/** A browser saves the answer under the name that is asked for, of which only what is safe in a header is kept. */
function downloadHeaders(c: ApiContext): Record<string, string> {
  const name = queryParameter(c, 'download')
  return name === undefined ? {} : { 'content-disposition': `attachment; filename=${name.replace(/[^\w.-]/g, '_')}` }
}

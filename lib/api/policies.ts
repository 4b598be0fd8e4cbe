import { changePolicies } from '../broker/change-policies.ts'
import { notFound } from '../model/errors.ts'
import { parsePolicy, policyBody } from '../topology/definitions/policy.ts'
import type { Policy } from '../topology/vhost/events.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { assertFields, bodyObject } from './body.ts'
import type { Api } from './env.ts'
import { itemAnswer, type ListOptions, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management' }
const POLICYMAKER: Entry = { tag: 'policymaker' }

/** Contract §1.5. */
export function policyRoutes(api: Api): void {
  policyReads(api, 'policies', POLICYMAKER, ({ policies }) => [...policies.values()])

  api.put(
    '/policies/:vhost/:policy',
    withVhost(POLICYMAKER, async (c, session) => {
      const [name, body] = [segment(c, 'policy'), bodyObject(c)]
      assertFields(body, ['pattern', 'definition'])
      const policy = parsePolicy('policy', name, body)
      const isNew = !session.vhost.policies.has(name)
      await changePolicies(session, { type: 'set-policy', policy })
      return created(c, isNew ? 'created' : 'existing')
    }),
  )

  api.delete(
    '/policies/:vhost/:policy',
    withVhost(POLICYMAKER, async (c, session) => {
      await changePolicies(session, { type: 'delete-policy', name: segment(c, 'policy') })
      return noContent(c)
    }),
  )
}

/** Reading policies of one kind: all that the caller may see, those of a vhost, and one of them. */
export function policyReads(
  api: Api,
  path: string,
  ofOne: Entry,
  policiesOf: (vhost: VhostState) => readonly Policy[],
): void {
  const rendered = (vhost: VhostState) => policiesOf(vhost).map((policy) => renderPolicy(vhost.vhost, policy))

  api.get(
    `/${path}`,
    withSession(MANAGEMENT, async (c, session) => {
      const sessions = await listedSessions(c, session)
      return listAnswer(
        c,
        sessions.flatMap(({ vhost }) => rendered(vhost)),
        LIST,
      )
    }),
  )

  api.get(
    `/${path}/:vhost`,
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, rendered(vhost), LIST)),
  )

  api.get(
    `/${path}/:vhost/:policy`,
    withVhost(ofOne, (c, { vhost }) => {
      const name = segment(c, 'policy')
      const policy = policiesOf(vhost).find((candidate) => candidate.name === name)
      if (!policy) throw notFound()
      return itemAnswer(c, renderPolicy(vhost.vhost, policy))
    }),
  )
}

const LIST: ListOptions<ReturnType<typeof renderPolicy>> = { order: ['vhost', 'name'] }

/** As lists and items show it (contract §1.5). */
const renderPolicy = (vhost: string, policy: Policy) => ({ vhost, name: policy.name, ...policyBody(policy) })

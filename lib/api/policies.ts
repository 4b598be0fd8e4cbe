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
  api.get(
    '/policies',
    withSession(MANAGEMENT, async (c, session) => {
      const sessions = await listedSessions(c, session)
      return listAnswer(
        c,
        sessions.flatMap(({ vhost }) => policiesOf(vhost)),
        POLICY_LIST,
      )
    }),
  )

  api.get(
    '/policies/:vhost',
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, policiesOf(vhost), POLICY_LIST)),
  )

  api.get(
    '/policies/:vhost/:policy',
    withVhost(POLICYMAKER, (c, { vhost }) => {
      const policy = vhost.policies.get(segment(c, 'policy'))
      if (!policy) throw notFound()
      return itemAnswer(c, renderPolicy(vhost.vhost, policy))
    }),
  )

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

export const POLICY_LIST: ListOptions<ReturnType<typeof renderPolicy>> = { order: ['vhost', 'name'] }

const policiesOf = (vhost: VhostState) =>
  Array.from(vhost.policies.values(), (policy) => renderPolicy(vhost.vhost, policy))

/** A policy as lists and items show it (contract §1.5). */
export const renderPolicy = (vhost: string, policy: Policy) => ({ vhost, name: policy.name, ...policyBody(policy) })

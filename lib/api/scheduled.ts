import { cancelScheduled, type HeldMessage, listScheduled } from '../broker/scheduled.ts'
import type { Api } from './env.ts'
import { listAnswer } from './list.ts'
import { exchangeSegment, queryParameter, segment } from './path.ts'
import { wholeNumber } from './query-number.ts'
import { noContent } from './respond.ts'
import { type Entry, withVhost } from './session.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 500

const MANAGEMENT: Entry = { tag: 'management' }

/** docs/api.md: what a delayed exchange holds, and taking it back. */
export function scheduledRoutes(api: Api): void {
  api.get(
    '/exchanges/:vhost/:exchange/scheduled',
    withVhost(MANAGEMENT, async (c, session) => {
      const limit = wholeNumber(c, 'limit', [1, MAX_LIMIT]) ?? DEFAULT_LIMIT
      const after = queryParameter(c, 'after')
      const held = await listScheduled(session, exchangeSegment(c, 'exchange'), { after, limit })
      return listAnswer(c, held.map(renderHeld), { order: ['id'] })
    }),
  )

  api.delete(
    '/exchanges/:vhost/:exchange/scheduled/:id',
    withVhost(MANAGEMENT, async (c, session) => {
      await cancelScheduled(session, exchangeSegment(c, 'exchange'), segment(c, 'id'))
      return noContent(c)
    }),
  )
}

/** How large a payload is that is kept beside is not known without reading it. */
const renderHeld = ({ id, dueMs, message }: HeldMessage) => ({
  id,
  due: new Date(dueMs).toISOString(),
  exchange: message.exchange,
  routing_key: message.routingKey,
  properties: message.properties,
  ...('payload' in message.body && { payload_bytes: message.body.payload.length }),
})

import { assertMayCancelScheduled, assertMayReadScheduled } from '../access/permissions.ts'
import { type DecodedMessage, decodeMessage } from '../delivery/envelope.ts'
import {
  cancelled,
  dueFrom,
  parseScheduled,
  type ScheduledMessage,
  scheduledId,
  scheduledKey,
  scheduledPartition,
  sortAfter,
  toItem,
} from '../delivery/scheduled-message.ts'
import { invalid, notFound, preconditionFailed } from '../model/errors.ts'
import { DEFAULT_EXCHANGE, type Exchange } from '../model/exchange.ts'
import type { VhostSession } from './session.ts'

/** A message that an exchange holds, as its owner sees it. */
export interface HeldMessage {
  readonly id: string
  readonly dueMs: number
  readonly message: DecodedMessage
}

export interface ScheduledPage {
  /** The id of the message that the page follows. */
  readonly after?: string | undefined
  readonly limit: number
}

const READ_AT_ONCE = 100

/** What the exchange holds, by the time at which it is due. Throws `not-found` for an unknown exchange. */
export async function listScheduled(
  session: VhostSession,
  exchangeName: string,
  { after, limit }: ScheduledPage,
): Promise<readonly HeldMessage[]> {
  assertMayReadScheduled(session.access, session.user, session.vhost.vhost, exchangeName)
  const exchange = requireExchange(session, exchangeName)
  const afterKey = after === undefined ? undefined : requireKey(exchange, after)
  const { items } = session.broker.delivery
  const found: HeldMessage[] = []
  let from = afterKey ? sortAfter(afterKey.sort) : dueFrom(0)
  while (found.length < limit) {
    const page = await items.list(scheduledPartition(exchange.id), { from, limit: READ_AT_ONCE })
    const held = page.map(({ data }) => parseScheduled(data)).filter((scheduled) => isHeldBy(exchange, scheduled))
    found.push(...held.slice(0, limit - found.length).map(toHeld))
    const last = page.at(-1)
    if (!last || page.length < READ_AT_ONCE) break
    from = sortAfter(last.sort)
  }
  return found
}

const isHeldBy = ({ id }: Exchange, { exchangeId, cancelledMs }: ScheduledMessage): boolean =>
  exchangeId === id && cancelledMs === undefined

const toHeld = (scheduled: ScheduledMessage): HeldMessage => ({
  id: scheduledId(scheduled),
  dueMs: scheduled.dueMs,
  message: decodeMessage(scheduled.message, ''),
})

/**
 * Takes a message back that the exchange holds. Afterwards it is never delivered. Throws `not-found` where it holds no such
 * message, be it delivered or cancelled before, and `precondition-failed` where it is being delivered right now.
 */
export async function cancelScheduled(session: VhostSession, exchangeName: string, id: string): Promise<void> {
  assertMayCancelScheduled(session.access, session.user, session.vhost.vhost, exchangeName)
  const key = requireKey(requireExchange(session, exchangeName), id)
  const { clock, delivery } = session.broker
  for (;;) {
    const item = await delivery.items.get(key)
    if (!item) throw notFound()
    const scheduled = parseScheduled(item.data)
    const nowMs = clock.wallMs()
    if (scheduled.cancelledMs !== undefined) throw notFound()
    if (scheduled.claimedUntilMs > nowMs) throw preconditionFailed(`message '${id}' is being delivered`)
    if ((await delivery.items.put(toItem(cancelled(scheduled, nowMs)), item.revision)) !== undefined) return
  }
}

function requireExchange({ vhost }: VhostSession, name: string): Exchange {
  const node = name === DEFAULT_EXCHANGE ? undefined : vhost.exchangeByName(name)
  if (!node) throw notFound()
  return node.exchange
}

function requireKey(exchange: Exchange, id: string) {
  const key = scheduledKey(exchange.id, id)
  if (key) return key
  throw invalid(`'${id.slice(0, 100)}' is not the id of a scheduled message`)
}

import type { Publication } from '../../broker/publication.ts'
import { publishMany } from '../../broker/publish-many.ts'
import type { VhostSession } from '../../broker/session.ts'
import { BrokerError } from '../../model/errors.ts'
import { headersOf } from '../../model/message.ts'
import { deduplicationKeyOf } from '../../routing/exchange-types/x-message-deduplication.ts'
import type { Pending, Storing } from './publisher.ts'

/** Payloads beyond it may go another, slower way than what comes behind them. */
const MAX_PLAIN_BYTES = 65_536

/** Routes a batch of publishes and sends it on its way. Rejects only where nothing was sent. */
export function storeBatch(session: VhostSession, batch: readonly Pending[]): Storing {
  let mayBeFollowed = true
  const results = publishMany(
    session,
    batch.map(({ input }) => input),
    {
      stopAtRefusal: true,
      mannerOf: (index) => ({
        isConfirmed: batch[index]?.sequence !== undefined,
        isMandatory: batch[index]?.mandatory === true,
      }),
      // Called with what was routed before anything is waited for.
      admit: (routed) => {
        mayBeFollowed = routed.every((one) => !(one instanceof BrokerError) && isPlain(session, one))
        return routed
      },
    },
  )
  return { mayBeFollowed, results }
}

/** Whether all it takes to store it is to send it to standard queues: such messages do not overtake one another. */
const isPlain = ({ vhost }: VhostSession, { message, queues, effects }: Publication): boolean =>
  effects.length === 0 &&
  message.payload.length <= MAX_PLAIN_BYTES &&
  message.properties.expiration === undefined &&
  deduplicationKeyOf(headersOf(message.properties)) === undefined &&
  queues.every((queue) => !queue.fifo && isPlainQueue(vhost.settingsOf(queue)))

const isPlainQueue = ({ messageTtlMs, maxLength }: ReturnType<VhostSession['vhost']['settingsOf']>): boolean =>
  messageTtlMs === undefined && maxLength === undefined

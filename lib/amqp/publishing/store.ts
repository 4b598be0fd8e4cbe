import { publishMany } from '../../broker/publish-many.ts'
import type { VhostSession } from '../../broker/session.ts'
import type { Pending, PublishResult } from './publisher.ts'

/** Routes a batch of publishes and stores it. Rejects only where nothing was sent. */
export const storeBatch = (session: VhostSession, batch: readonly Pending[]): Promise<readonly PublishResult[]> =>
  publishMany(
    session,
    batch.map(({ input }) => input),
    {
      stopAtRefusal: true,
      mannerOf: (index) => ({
        isConfirmed: batch[index]?.sequence !== undefined,
        isMandatory: batch[index]?.mandatory === true,
      }),
    },
  )

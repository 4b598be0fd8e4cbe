import { DEATH_REASONS, type DeathReason } from '../model/death.ts'
import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import { carriedJson } from './sqs-text.ts'

/** The message attribute by which the broker says of what it puts into the internal queue `dead` where and why it died. */
export const DEATH_ATTRIBUTE = 'leveret-death'

export interface DeathNote {
  readonly vhostId: string
  readonly queueId: string
  readonly reason: DeathReason
}

export const encodeDeathNote = ({ vhostId, queueId, reason }: DeathNote): string =>
  carriedJson({ vhost: vhostId, queue: queueId, reason })

/** Throws `UnknownEnvelopeError` for whatever {@link encodeDeathNote} does not write. */
export function parseDeathNote(attribute: string): DeathNote {
  const { vhost, queue, reason: given } = parseFields(attribute)
  const reason = DEATH_REASONS.find((known) => known === given)
  if (typeof vhost === 'string' && typeof queue === 'string' && reason)
    return { vhostId: vhost, queueId: queue, reason }
  throw new UnknownEnvelopeError(`the attribute '${DEATH_ATTRIBUTE}' is not in a known form`)
}

import { expect } from 'vitest'
import type { ErrorKind, Reason } from '../../lib/model/errors.ts'

/** A BrokerError of this kind, with this reason where one is given. */
export const refusal = (kind: ErrorKind, reason?: Reason) =>
  expect.objectContaining({ name: 'BrokerError', kind, ...(reason === undefined ? {} : { reason }) })

export const accessRefused = refusal('access-refused', 'Access refused.')
/** The plain form that clients compare as a whole. */
export const plainNotFound = refusal('not-found', 'Not Found')

import { randomBytes } from 'node:crypto'

/** Tells a connection from all others of its gateway, for good. */
export const newConnectionId = (): string => randomBytes(9).toString('base64url')

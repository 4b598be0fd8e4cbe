import type { Session } from '../broker/session.ts'
import { answer } from './answer.ts'
import type { ApiContext } from './env.ts'
import { header } from './session.ts'

type Handler<S> = (c: ApiContext, session: S) => Response | Promise<Response>

/** The media type of the request's body, without its parameters; empty where none is named. */
export const mediaType = (c: ApiContext): string =>
  (header(c, 'content-type') ?? '').split(';', 1).join('').trim().toLowerCase()

/** Contract §1.1: 415, without a body. */
export const unsupportedMediaType = (): Response => answer(415)

/** For the few resources that take JSON only if it says so (contract §1.1). */
export const jsonOnly =
  <S extends Session>(handle: Handler<S>): Handler<S> =>
  (c, session) =>
    mediaType(c) === 'application/json' ? handle(c, session) : unsupportedMediaType()

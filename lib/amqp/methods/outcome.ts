import type { Channel } from '../channel/channel.ts'
import type { ClientMethodName } from '../channel/client-methods.ts'
import type { Method, MethodNamed } from '../protocol/methods.ts'

/** What follows a request that was executed. */
export interface Answer {
  /** What the client is told; undefined where it does not want to know. */
  readonly method?: Method | undefined
  /** When it may be told: once others see what it asked for. */
  readonly settled?: Promise<void> | undefined
  /** What comes after it was told. */
  readonly sent?: (() => void) | undefined
}

export type Outcome = Answer | undefined | Promise<Answer | undefined>
export type Handlers<Name extends ClientMethodName> = {
  readonly [N in Name]: (channel: Channel, method: MethodNamed<N>) => Outcome
}

/** An answer that is left out where the client asked for none. */
export const unless = (nowait: boolean, method: Method): Method | undefined => (nowait ? undefined : method)

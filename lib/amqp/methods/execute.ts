import type { Channel } from '../channel/channel.ts'
import type { ClientMethod, ClientMethodName } from '../channel/client-methods.ts'
import type { Method, MethodNamed } from '../protocol/methods.ts'
import { consumeMethods } from './consume.ts'
import { exchangeMethods } from './exchange.ts'
import { get } from './get.ts'
import { modeMethods } from './modes.ts'
import { queueMethods } from './queue.ts'
import { settleMethods } from './settle.ts'

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

const HANDLERS: Handlers<ClientMethodName> = {
  ...exchangeMethods,
  ...queueMethods,
  ...consumeMethods,
  ...settleMethods,
  ...modeMethods,
  'basic.get': get,
}

/** What does not depend on what was published before it. */
const INDEPENDENT: ReadonlySet<ClientMethodName> = new Set([
  'basic.ack',
  'basic.nack',
  'basic.reject',
  'basic.qos',
  'basic.cancel-ok',
  'channel.flow-ok',
])

/** Executes a method of a client. Throws, or rejects with, what ends the channel or the connection. */
export function execute(channel: Channel, method: ClientMethod): Outcome {
  const published = INDEPENDENT.has(method.name) ? undefined : channel.publishing.idle
  if (published === undefined) return handle(channel, method)
  return published.then(() => (channel.isOpen ? handle(channel, method) : undefined))
}

const handle = <N extends ClientMethodName>(channel: Channel, method: MethodNamed<N>): Outcome =>
  (HANDLERS as Handlers<N>)[method.name as N](channel, method)

/** An answer that is left out where the client asked for none. */
export const unless = (nowait: boolean, method: Method): Method | undefined => (nowait ? undefined : method)

import type { Channel } from '../channel/channel.ts'
import type { ClientMethod, ClientMethodName } from '../channel/client-methods.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import { consumeMethods } from './consume.ts'
import { exchangeMethods } from './exchange.ts'
import { get } from './get.ts'
import { modeMethods } from './modes.ts'
import type { Handlers, Outcome } from './outcome.ts'
import { queueMethods } from './queue.ts'
import { settleMethods } from './settle.ts'

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

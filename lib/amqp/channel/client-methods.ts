import type { Method, MethodNamed } from '../protocol/methods.ts'

/** What a client may send on an open channel, beside publishing and closing. */
const CLIENT_METHODS = [
  'access.request',
  'channel.flow',
  'channel.flow-ok',
  'exchange.declare',
  'exchange.delete',
  'exchange.bind',
  'exchange.unbind',
  'queue.declare',
  'queue.bind',
  'queue.unbind',
  'queue.purge',
  'queue.delete',
  'basic.qos',
  'basic.consume',
  'basic.cancel',
  'basic.cancel-ok',
  'basic.get',
  'basic.ack',
  'basic.nack',
  'basic.reject',
  'basic.recover',
  'basic.recover-async',
  'confirm.select',
  'tx.select',
  'tx.commit',
  'tx.rollback',
] as const

export type ClientMethodName = (typeof CLIENT_METHODS)[number]
export type ClientMethod = { [Name in ClientMethodName]: MethodNamed<Name> }[ClientMethodName]

const NAMES: ReadonlySet<string> = new Set(CLIENT_METHODS)

export const isClientMethod = (method: Method): method is ClientMethod => NAMES.has(method.name)

import { type Broker, type Call, segment, sendOrThrow } from './broker.ts'
import { onBoth, type Pair } from './pair.ts'

/** What every name made here begins with. */
export const freshPrefix = 'diff-'

let counter = 0

/** A name that no other case of this run has, nor one that an interrupted run left behind. */
export function freshName(prefix: string): string {
  counter += 1
  return `${freshPrefix}${prefix}-${process.pid.toString(36)}${Date.now().toString(36)}-${counter}`
}

export function putVhost(vhost: string): Call {
  return { method: 'PUT', path: `/vhosts/${segment(vhost)}`, body: '{}' }
}

/** Runs `work` in a vhost that is new on both sides, and deletes it afterwards whatever happened. */
export async function inFreshVhost(pair: Pair, prefix: string, work: (vhost: string) => Promise<void>): Promise<void> {
  const vhost = freshName(prefix)
  await onBoth(pair, (broker) => sendOrThrow(broker, putVhost(vhost)))
  try {
    await work(vhost)
  } finally {
    await onBoth(pair, (broker) => discard(broker, { method: 'DELETE', path: `/vhosts/${segment(vhost)}` }))
  }
}

/** Deletes what may be gone already. A broker that does not answer is reported by the work itself, not here. */
export async function discard(broker: Broker, call: Call): Promise<void> {
  await broker.send(call).catch(() => undefined)
}

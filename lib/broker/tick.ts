import type { Broker } from './broker.ts'
import { expireQueues } from './expire-queues.ts'
import { finishIntents } from './finish-intents.ts'
import { foldStatistics } from './fold-statistics.ts'
import { handOverScheduled } from './hand-over.ts'
import { reapGateways } from './reap-gateways.ts'
import { rearmSweeps } from './rearm-sweeps.ts'

const WORK: readonly ((broker: Broker) => Promise<void>)[] = [
  finishIntents,
  handOverScheduled,
  rearmSweeps,
  expireQueues,
  reapGateways,
  foldStatistics,
]

/** What is to be done each minute. What fails is reported when everything has had its turn. */
export async function tick(broker: Broker): Promise<void> {
  const outcomes = await Promise.allSettled(WORK.map((work) => work(broker)))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

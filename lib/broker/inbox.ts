import type { Config } from '../config.ts'
import type { SqsQueue } from '../model/queue.ts'

/** The SQS queue that a gateway receives what goes to its exclusive queues from. */
export const inboxName = ({ namePrefix }: Pick<Config, 'namePrefix'>, gatewayId: string): string =>
  `${namePrefix}-inbox-${gatewayId}`

/** What stands behind an exclusive queue. */
export const inboxOf = ({ config }: { readonly config: Pick<Config, 'namePrefix'> }, gatewayId: string): SqsQueue => ({
  name: inboxName(config, gatewayId),
  inbox: true,
})

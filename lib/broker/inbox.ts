import type { Config } from '../config.ts'
import type { SqsQueue } from '../model/queue.ts'

/**
 * How many characters a gateway's id has, of base 32: not as many as end the name of a declared queue's SQS queue, so that
 * no two SQS queues of a broker share a name.
 */
export const GATEWAY_ID_LENGTH = 16

/** The SQS queue that a gateway receives from what goes to its exclusive queues. */
export const inboxName = ({ namePrefix }: Pick<Config, 'namePrefix'>, gatewayId: string): string =>
  `${namePrefix}-inbox-${gatewayId}`

const GATEWAY_ID = new RegExp(`^[0-9a-hjkmnp-tv-z]{${GATEWAY_ID_LENGTH}}$`)

export const isGatewayId = (text: string): boolean => GATEWAY_ID.test(text)

/** Whether it is the name of some gateway's inbox. */
export function isInbox(config: Pick<Config, 'namePrefix'>, sqsQueueName: string): boolean {
  const start = inboxName(config, '')
  return sqsQueueName.startsWith(start) && isGatewayId(sqsQueueName.slice(start.length))
}

/** What stands behind an exclusive queue. */
export const inboxOf = ({ config }: { readonly config: Pick<Config, 'namePrefix'> }, gatewayId: string): SqsQueue => ({
  name: inboxName(config, gatewayId),
  inbox: true,
})

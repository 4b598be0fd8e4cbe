import { acceptAny, type ExchangeType } from '../exchange-type.ts'
import { FanoutIndex } from '../fanout-index.ts'

/** Every binding matches every message (contract §3.2). */
export const fanout: ExchangeType = {
  name: 'fanout',
  description: 'AMQP fanout exchange, as per the AMQP specification',
  assertArguments: acceptAny,
  assertBinding: acceptAny,
  createIndex: () => new FanoutIndex(),
}

import { typeName } from '../../model/amqp-value.ts'
import { erlangTerm } from '../../model/erlang-term.ts'
import { preconditionFailed } from '../../model/errors.ts'
import type { ExchangeType } from '../exchange-type.ts'
import { acceptAny } from '../exchange-type.ts'
import { isMatchMode, MATCH_MODE_ARGUMENT } from '../header-criteria.ts'
import { HeadersIndex } from '../headers-index.ts'

/** The arguments of a binding are criteria on the message's headers; keys mean nothing (contract §3.4). */
export const headers: ExchangeType = {
  name: 'headers',
  description: 'AMQP headers exchange, as per the AMQP specification',
  assertArguments: acceptAny,
  assertBinding({ arguments: args }) {
    const mode = args[MATCH_MODE_ARGUMENT]
    if (mode === undefined || isMatchMode(mode)) return
    const complaint =
      typeof mode === 'string'
        ? `value ${erlangTerm(mode)}; expected all, any, all-with-x, or any-with-x`
        : `type ${typeName(mode)} (value ${JSON.stringify(mode)}); expected longstr`
    throw preconditionFailed(`Invalid x-match field ${complaint}`)
  },
  createIndex: () => new HeadersIndex(),
}

import type { Command, CommandInput } from '../command.ts'
import { CONNECTION_DETAILS, CONNECTION_OPTIONS, connectionOf } from '../connection.ts'
import { UsageError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

const ACTIONS = ['list', 'redrive', 'discard'] as const
export type DeadLetterAction = (typeof ACTIONS)[number]

/** For people who look after queues whose messages die. */
export const deadLettersCommand: Command = {
  name: 'dead-letters',
  summary: 'List, redrive or discard the dead letters that a queue keeps',
  operands: [
    { name: 'ACTION', isRequired: true },
    { name: 'QUEUE', isRequired: true },
  ],
  options: [
    ...CONNECTION_OPTIONS,
    { name: 'vhost', value: 'VHOST', default: '/', help: 'the vhost of the queue' },
    { name: 'reason', value: 'REASON', help: 'only those that died of it: rejected, delivery_limit, …' },
    {
      name: 'exchange',
      value: 'EXCHANGE',
      help: 'only those that were published to it; amq.default is the default one',
    },
    { name: 'routing-key', value: 'KEY', help: 'only those that were published with it' },
    { name: 'since', value: 'TIME', help: 'only those that died then or later, such as 2026-11-21T08:00:00Z' },
    { name: 'until', value: 'TIME', help: 'only those that died then or earlier' },
    { name: 'count', value: 'N', help: 'of list and redrive: so many at most; a list has 100 where it is left out' },
    { name: 'to-exchange', value: 'EXCHANGE', help: 'of redrive: publish them to this exchange, not to their queue' },
    { name: 'to-routing-key', value: 'KEY', help: 'of redrive: with this key' },
    { name: 'json', help: 'of list: print all of each as JSON' },
    { name: 'yes', help: 'of discard: do it' },
  ],
  details: `ACTION is ${ACTIONS.join(', ')}. A queue keeps what died in it where it has no dead-letter exchange.
redrive sends them back to their queue, or to an exchange; discard deletes them for good. Both go on until all is done,
and can be repeated.

${CONNECTION_DETAILS}`,
  run: runAction,
}

async function runAction(input: CommandInput, terminal: Terminal): Promise<number> {
  const action = ACTIONS.find((known) => known === input.operand(0))
  if (action === undefined) throw new UsageError(`ACTION is one of ${ACTIONS.join(', ')}, not '${input.operand(0)}'`)
  if (action === 'discard' && !input.has('yes')) throw new UsageError('discard deletes messages for good: add --yes')
  const connection = await connectionOf(input, terminal)
  const { runDeadLetters } = await import('../dead-letters/run-dead-letters.ts')
  const options = {
    vhost: input.text('vhost'),
    queue: input.operand(1) ?? '',
    filter: {
      reason: input.optionalText('reason'),
      exchange: input.optionalText('exchange'),
      routing_key: input.optionalText('routing-key'),
      since: input.optionalText('since'),
      until: input.optionalText('until'),
    },
    count: input.optionalText('count'),
    toExchange: input.optionalText('to-exchange'),
    toRoutingKey: input.optionalText('to-routing-key'),
    isJson: input.has('json'),
  }
  return runDeadLetters(connection, action, options, terminal)
}

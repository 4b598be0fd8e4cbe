import type { Command, CommandInput } from '../command.ts'
import type { Terminal } from '../terminal.ts'

/** For people who look after a deployed broker. */
export const replayFailedCommand: Command = {
  name: 'replay-failed',
  summary: 'Show the messages that the broker itself could not deal with, and try them again',
  operands: [],
  options: [
    { name: 'prefix', value: 'PREFIX', help: "what the broker's SQS queues begin with: the stack's output NamePrefix" },
    { name: 'yes', help: 'try them again; without it, they are only shown' },
  ],
  details: `Fan-outs and dead messages that could not be dealt with in twenty attempts wait in the SQS queues PREFIX-failed and
PREFIX-failed.fifo. Remove the cause first (docs/operations.md). SQS moves them back to where they were, and goes on if
this command is interrupted; run again, it shows how far SQS is. Exit code 0 says that nothing is left to move.

It uses SQS itself, with the region and credentials that the AWS SDK finds in its environment (AWS_REGION, AWS_PROFILE,
AWS_ENDPOINT_URL, …), and needs sqs:ListQueues, on those queues sqs:GetQueueAttributes, ReceiveMessage,
DeleteMessage, StartMessageMoveTask and ListMessageMoveTasks, and sqs:SendMessage on PREFIX-*.`,
  run: replay,
}

async function replay(input: CommandInput, terminal: Terminal): Promise<number> {
  const [namePrefix, confirmed] = [input.text('prefix'), input.has('yes')]
  const { runReplayFailed } = await import('../replay/run-replay-failed.ts')
  return runReplayFailed({ namePrefix, confirmed }, terminal)
}

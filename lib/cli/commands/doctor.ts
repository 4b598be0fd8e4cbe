import type { Command, CommandInput } from '../command.ts'
import { UsageError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

/** For people who look after a deployed broker. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Compare what is declared with the SQS queues that there are, and repair what differs',
  operands: [],
  options: [
    { name: 'table', value: 'TABLE', help: "the broker's DynamoDB table of topology" },
    { name: 'prefix', value: 'PREFIX', help: 'what its SQS queues begin with, as a check' },
    { name: 'fix', help: 'say what can be done about what is wrong' },
    { name: 'yes', help: 'with --fix: do it' },
    { name: 'delete-messages', help: 'with --fix: delete SQS queues that nobody owns with the messages in them' },
  ],
  details: `It finds SQS queues that no declared queue owns, queues whose SQS queue is gone, and attributes that somebody
changed: retention, largest message, policy, encryption, redrive. Exit code 0 says that nothing is wrong, or nothing is
any more.

It takes no --url, since the HTTP API does not show what it compares. It uses DynamoDB and SQS themselves, with the region and credentials that the AWS SDK finds in its environment
(AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, …), and needs dynamodb:GetItem, BatchGetItem and Query on the table,
sqs:ListQueues and sqs:GetQueueAttributes; for repairs sqs:CreateQueue, DeleteQueue and SetQueueAttributes.`,
  run: examine,
}

async function examine(input: CommandInput, terminal: Terminal): Promise<number> {
  const [fix, confirmed, deleteMessages] = [input.has('fix'), input.has('yes'), input.has('delete-messages')]
  if (!fix && (confirmed || deleteMessages)) throw new UsageError('--yes and --delete-messages go with --fix')
  const table = input.text('table')
  const namePrefix = input.optionalText('prefix')
  const { runDoctor } = await import('../doctor/run-doctor.ts')
  return runDoctor({ table, namePrefix, fix, confirmed, deleteMessages }, terminal)
}

import type { Command, CommandInput } from '../command.ts'
import type { Terminal } from '../terminal.ts'

/** For people who look after a deployed broker. */
export const restoreCommand: Command = {
  name: 'restore',
  summary: "Make a table that DynamoDB has restored ready to be a broker's again",
  operands: [],
  options: [
    { name: 'table', value: 'TABLE', help: 'the table that was restored' },
    { name: 'yes', help: 'do it; without it, what is in the table is only shown' },
  ],
  details: `Run it between restoring the table and deploying the broker on it (docs/deploy.md, "Restore from a backup"). It
shows how far each journal goes; with --yes it begins a new branch in each, so that nothing goes on from what it knew
of the lost one, and forgets declarations that were under way. It says what to do next, and may be repeated.

It uses DynamoDB itself, with the region and credentials that the AWS SDK finds in its environment (AWS_REGION,
AWS_PROFILE, AWS_ENDPOINT_URL, …), and needs dynamodb:BatchGetItem and Query on the table, with --yes PutItem,
UpdateItem and DeleteItem as well.`,
  run: restore,
}

async function restore(input: CommandInput, terminal: Terminal): Promise<number> {
  const [table, confirmed] = [input.text('table'), input.has('yes')]
  const { runRestore } = await import('../restore/run-restore.ts')
  return runRestore({ table, confirmed }, terminal)
}

import type { Command, CommandInput } from '../command.ts'
import { CONNECTION_DETAILS, CONNECTION_OPTIONS, connectionOf } from '../connection.ts'
import type { Terminal } from '../terminal.ts'

/** Definitions of any size, through an API whose requests are bounded. */
export const importCommand: Command = {
  name: 'import',
  summary: 'Import a definitions file of RabbitMQ or of Leveret, of any size',
  operands: [{ name: 'FILE', isRequired: true }],
  options: [
    ...CONNECTION_OPTIONS,
    { name: 'vhost', value: 'VHOST', help: 'import the file of one vhost into this one' },
  ],
  details: `FILE - is standard input. The file is merged into what is there: nothing is deleted, and queues and exchanges
that exist stay as they are. A file that does not fit changes nothing. Running it again completes what was cut short.

${CONNECTION_DETAILS}`,
  run: importFile,
}

async function importFile(input: CommandInput, terminal: Terminal): Promise<number> {
  const connection = await connectionOf(input, terminal)
  const { runImport } = await import('../definitions/run-import.ts')
  return runImport(connection, { file: input.operand(0) ?? '', vhost: input.optionalText('vhost') }, terminal)
}

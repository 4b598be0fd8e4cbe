import type { Command, CommandInput } from '../command.ts'
import { CONNECTION_DETAILS, CONNECTION_OPTIONS, connectionOf } from '../connection.ts'
import type { Terminal } from '../terminal.ts'

/** Definitions of any size, through an API whose answers are bounded. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'Export all definitions as a file that RabbitMQ and Leveret import',
  operands: [{ name: 'FILE', isRequired: false }],
  options: [...CONNECTION_OPTIONS, { name: 'vhost', value: 'VHOST', help: 'export this vhost alone' }],
  details: `Without FILE it goes to standard output. The file holds hashes of passwords: keep it to yourself.

${CONNECTION_DETAILS}`,
  run: exportFile,
}

async function exportFile(input: CommandInput, terminal: Terminal): Promise<number> {
  const connection = await connectionOf(input, terminal)
  const { runExport } = await import('../definitions/run-export.ts')
  return runExport(connection, { file: input.operand(0), vhost: input.optionalText('vhost') }, terminal)
}

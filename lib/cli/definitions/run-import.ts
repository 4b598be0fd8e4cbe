import type { AmqpTable } from '../../model/amqp-value.ts'
import { BrokerError } from '../../model/errors.ts'
import type { Definitions } from '../../topology/definitions/definitions.ts'
import { parseDefinitions } from '../../topology/definitions/parse.ts'
import { ApiClient } from '../api-client.ts'
import type { Connection } from '../connection.ts'
import { CommandError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'
import { collectDefinitions } from './collect.ts'
import { cutDefinitions, type Part } from './cut.ts'
import { assertFits } from './dry-run.ts'
import { readDefinitionsFile } from './read-file.ts'

export interface ImportOptions {
  readonly file: string
  /** For the file of a single vhost, which is imported into this one. */
  readonly vhost: string | undefined
}

/**
 * Imports a file of any size. What is wrong with it is found before anything is changed; what fails in passing is
 * repeated, and a command that was cut short is completed by running it again.
 */
export async function runImport(
  connection: Connection,
  { file, vhost }: ImportOptions,
  terminal: Terminal,
): Promise<number> {
  const table = await readDefinitionsFile(file)
  const named = vhost === undefined ? {} : { vhost }
  const definitions = within(file, () => parseDefinitions(table, named))
  for (const warning of definitions.warnings) terminal.tell(`warning: ${warning}`)
  const parts = cutDefinitions(table, vhost)
  const client = new ApiClient(connection, terminal.tell)
  if (parts.length > 1) await assertFitsBroker(client, file, definitions, terminal)
  await send(client, parts, vhost, terminal)
  return 0
}

async function assertFitsBroker(
  client: ApiClient,
  file: string,
  definitions: Definitions,
  terminal: Terminal,
): Promise<void> {
  terminal.tell('Comparing the file with what the broker has')
  const current: AmqpTable = await collectDefinitions(client, () => undefined)
  within(file, () => assertFits(definitions, parseDefinitions(current)))
}

/** Runs what checks a file, so that its complaints name the file as well. */
function within<T>(file: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof BrokerError ? new CommandError(`${file}: ${error.message}\nNothing was changed.`) : error
  }
}

async function send(
  client: ApiClient,
  parts: readonly Part[],
  vhost: string | undefined,
  terminal: Terminal,
): Promise<void> {
  const path = vhost === undefined ? '/definitions' : `/definitions/${encodeURIComponent(vhost)}`
  const total = parts.reduce((sum, { count }) => sum + count, 0)
  let done = 0
  for (const part of parts) {
    await client.post(path, part.file)
    done += part.count
    terminal.tell(`${done} of ${total} objects imported`)
  }
  if (parts.length === 0) terminal.tell('The file holds nothing to import')
}

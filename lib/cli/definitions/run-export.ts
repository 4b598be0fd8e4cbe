import { rename, writeFile } from 'node:fs/promises'
import { messageOf } from '../../local/start-error.ts'
import { ApiClient } from '../api-client.ts'
import type { Connection } from '../connection.ts'
import { CommandError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'
import { collectDefinitions, collectVhost } from './collect.ts'
import { printDefinitions } from './print.ts'

export interface ExportOptions {
  /** Standard output where it is left out. */
  readonly file: string | undefined
  /** Only this vhost's, in the form that has no vhost in it. */
  readonly vhost: string | undefined
}

/** Exports definitions of any size. A file of that name is replaced once all of the new one is there. */
export async function runExport(
  connection: Connection,
  { file, vhost }: ExportOptions,
  terminal: Terminal,
): Promise<number> {
  const client = new ApiClient(connection, terminal.tell)
  const definitions =
    vhost === undefined ? await collectDefinitions(client, terminal.tell) : await collectVhost(client, vhost)
  const text = printDefinitions(definitions)
  if (file === undefined) await terminal.print(text)
  else await writeWhole(file, text)
  return 0
}

/** Hashes of passwords are in it, so it is for its owner only. */
async function writeWhole(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.part`
  try {
    await writeFile(unfinished, text, { mode: 0o600 })
    await rename(unfinished, file)
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${messageOf(error)}`)
  }
}

import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { messageOf } from '../../local/start-error.ts'
import { type AmqpTable, isTable } from '../../model/amqp-value.ts'
import { parseJson } from '../../model/json.ts'
import { CommandError } from '../errors.ts'
import { locateJsonError } from './json-error.ts'

/** Standard input, as many programs name it. */
const STANDARD_INPUT = '-'

/** The JSON object in a file; `-` is standard input. Throws `CommandError`, naming the file and the line. */
export async function readDefinitionsFile(file: string): Promise<AmqpTable> {
  const value = parse(file, await readText(file))
  if (isTable(value)) return value
  throw new CommandError(`${file}: a definitions file is a JSON object`)
}

async function readText(file: string): Promise<string> {
  try {
    const bytes = file === STANDARD_INPUT ? await buffer(process.stdin) : await readFile(file)
    // Takes a byte order mark away, which RabbitMQ ignores as well (contract §4.2).
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${messageOf(error)}`)
  }
}

function parse(file: string, text: string) {
  try {
    return parseJson(text)
  } catch (error) {
    const place = locateJsonError(text)
    if (place === undefined) throw new CommandError(`${file}: ${messageOf(error)}`)
    throw new CommandError(`${file}, line ${place.line}, column ${place.column}: this is not JSON`)
  }
}

import { readFile } from 'node:fs/promises'
import { messageOf } from '../../local/start-error.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { BrokerPlace } from './find-broker.ts'

type Outputs = Readonly<Record<string, string>>

/**
 * The broker in a file that `cdk deploy --outputs-file` has written: that of a stack, or the only one there is. Throws
 * CommandError where it has none, and UsageError where it has several.
 */
export async function readOutputs(file: string, stack: string | undefined): Promise<BrokerPlace> {
  const stacks = Object.entries(await parse(file)).flatMap(([name, outputs]) => {
    const place = placeIn(outputs)
    return place && (stack === undefined || stack === name) ? [{ name, place }] : []
  })
  const [first, ...others] = stacks
  if (first === undefined) {
    const which = stack === undefined ? 'no stack' : `no stack '${stack}'`
    throw new CommandError(`${file} has ${which} with the outputs TopologyTable, MessagesTable and BlobsBucket`)
  }
  if (others.length === 0) return first.place
  throw new UsageError(`${file} has several brokers: say --stack, one of ${stacks.map(({ name }) => name).join(', ')}`)
}

async function parse(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return Object(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    throw new CommandError(`${file} is no file of outputs: ${messageOf(error)}`)
  }
}

function placeIn(outputs: unknown): BrokerPlace | undefined {
  const { TopologyTable, MessagesTable, BlobsBucket } = Object(outputs) as Outputs
  if (!TopologyTable || !MessagesTable || !BlobsBucket) return undefined
  return { topologyTable: TopologyTable, messagesTable: MessagesTable, bucket: BlobsBucket }
}

import { AWS_DEFAULTS, type AwsOptions, type Config, internalQueueName } from '../../config.ts'
import { openSqs } from '../../delivery/sqs-client.ts'
import { openSqsInventory, type SqsLocation } from '../../delivery/sqs-inventory.ts'
import { encryptionKeyOf } from '../encryption-key.ts'
import { CommandError } from '../errors.ts'
import { firstNamePrefix, openJournals } from '../open-journals.ts'

/** What a deployment says of a broker in its outputs. */
export interface BrokerPlace {
  readonly topologyTable: string
  readonly messagesTable: string
  readonly bucket: string
}

/**
 * The configuration of a deployed broker: what its functions are told, read off what it is made of. Throws CommandError for
 * a table of no broker, and what the SDK throws.
 */
export async function findBroker(
  { topologyTable, messagesTable, bucket }: BrokerPlace,
  aws: AwsOptions,
): Promise<Config> {
  const namePrefix = await prefixIn(topologyTable, aws)
  const names = { namePrefix, topologyTable, messagesTable, blobs: `s3://${bucket}` }
  const location = await locate(names, aws)
  const sqs = openSqs(aws)
  try {
    const key = await encryptionKeyOf(sqs, { ...names, ...location })
    // Who logs in has a name and a password, however the API lets people in. The journal says how long a lease is.
    return { ...names, ...location, ...key, ...AWS_DEFAULTS, leaseMs: 0, auth: 'basic', aws }
  } finally {
    sqs.close()
  }
}

async function prefixIn(topologyTable: string, aws: AwsOptions): Promise<string> {
  const { journals, close } = openJournals(topologyTable, aws)
  try {
    const namePrefix = await firstNamePrefix(journals)
    if (namePrefix !== undefined) return namePrefix
    throw new CommandError(`table ${topologyTable} does not say which broker's it is`)
  } finally {
    close()
  }
}

async function locate(names: Pick<Config, 'namePrefix'>, aws: AwsOptions): Promise<SqsLocation> {
  const inventory = openSqsInventory(aws)
  try {
    const relay = internalQueueName(names, 'relay')
    const { location } = await inventory.list(relay)
    if (location !== undefined) return location
    throw new CommandError(`there is no SQS queue ${relay}: are the region and the account the broker's?`)
  } finally {
    inventory.close()
  }
}

import type { AwsOptions } from '../config.ts'
import type { SqsApi } from '../delivery/sqs-client.ts'
import type { DataDirectory } from './data-directory.ts'
import { startDynamoDb } from './dynamodb.ts'
import { type DynoxideSearch, findDynoxide } from './dynoxide-binary.ts'
import { openEmbeddedSqs } from './sqs/embedded-sqs.ts'
import type { SqsEngine } from './sqs/engine.ts'

/** What answers where AWS would. */
export interface Backends {
  readonly aws: AwsOptions
  /** SQS where it is in this process. */
  readonly sqs?: SqsApi
  /** Settles when one of them fails for good, with the reason. */
  readonly failure: Promise<string>
  close(): Promise<void>
}

/** Endpoints of ours ask for no real credentials, and must never be sent any. */
const LOCAL_AWS = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
} as const

/** DynamoDB in a child process; SQS is the engine, which the front door serves at `url` to everybody else. */
export async function startEmbeddedBackends(
  directory: DataDirectory,
  search: DynoxideSearch,
  url: string,
  engine: SqsEngine,
): Promise<Backends> {
  const dynamoDb = await startDynamoDb({
    binary: findDynoxide(search),
    file: directory.dynamoDbFile,
    pidFile: directory.dynamoDbPidFile,
  })
  return {
    aws: {
      ...LOCAL_AWS,
      endpoints: { dynamodb: dynamoDb.endpoint, sqs: url },
    },
    sqs: openEmbeddedSqs(engine),
    failure: dynamoDb.failure,
    close: dynamoDb.close,
  }
}

/** Nothing is started: the AWS SDK finds endpoint, region and credentials in its environment. */
export const EXTERNAL_BACKENDS: Backends = {
  aws: {},
  failure: new Promise(() => undefined),
  close: async () => undefined,
}

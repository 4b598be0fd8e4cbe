import type { Row } from './row.ts'
import { publishHandler } from './rows/01-publish-handler.ts'
import { awsCalls } from './rows/02-aws-calls.ts'
import { publishOverHttp } from './rows/03-publish-over-http.ts'
import { batchOverHttp } from './rows/04-batch-over-http.ts'
import { getOverHttp } from './rows/05-get-over-http.ts'
import { topicMatch } from './rows/06-topic-match.ts'
import { headersMatch } from './rows/07-headers-match.ts'
import { loading } from './rows/08-loading.ts'
import { coldStart } from './rows/09-cold-start.ts'
import { sqsEngine } from './rows/10-sqs-engine.ts'
import { cost } from './rows/11-cost.ts'
import { amqp } from './rows/13-amqp.ts'

/** A new row is its own file and a line here. */
export const ROWS: readonly Row[] = [
  publishHandler,
  awsCalls,
  publishOverHttp,
  batchOverHttp,
  getOverHttp,
  topicMatch,
  headersMatch,
  loading,
  coldStart,
  sqsEngine,
  cost,
  amqp,
]

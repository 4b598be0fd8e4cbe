import { describeSqsQueues } from '../../conformance/sqs-queues.ts'
import { openSqs } from '../aws-calls.ts'
import { siteFromEnvironment } from '../site.ts'
import { SKIPPED_OF_SQS } from '../skipped.ts'

describeSqsQueues({
  name: 'LocalStack',
  skip: SKIPPED_OF_SQS,
  start: async () => {
    const client = openSqs(siteFromEnvironment())
    return { client, stop: async () => client.destroy() }
  },
})

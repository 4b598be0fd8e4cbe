import { onTestFinished } from 'vitest'
import { openSqs } from '../../../lib/delivery/sqs-client.ts'
import { openEmbeddedSqs } from '../../../lib/local/sqs/embedded-sqs.ts'
import { openSqsEngine } from '../../../lib/local/sqs/engine.ts'
import { startSqsServer } from '../../../lib/local/sqs/server.ts'
import { describeSqsApi } from '../../conformance/sqs-api.ts'

describeSqsApi('through the SDK', async () => {
  const server = await startSqsServer({ file: ':memory:' })
  onTestFinished(() => server.close())
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const sqs = openSqs({ region: 'us-east-1', credentials, endpoints: { sqs: server.endpoint } })
  onTestFinished(() => sqs.close())
  return { sqs, urlOf: (name) => `${server.endpoint}/000000000000/${name}` }
})

describeSqsApi('in the engine’s own process', async () => {
  const engine = openSqsEngine({ file: ':memory:', endpoint: () => 'http://sqs' })
  onTestFinished(() => engine.close())
  return { sqs: openEmbeddedSqs(engine), urlOf: (name) => `http://sqs/000000000000/${name}` }
})

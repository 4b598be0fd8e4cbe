import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'

/*
 * A worker that knows nothing of the broker: an SQS queue whose messages are what was published. It runs anywhere, as an
 * identity that may consume from the queue: QUEUE_URL=… node shipping.ts
 */

const QueueUrl = process.env.QUEUE_URL
const sqs = new SQSClient({})

for (;;) {
  const { Messages: messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
  for (const { Body: body = '', ReceiptHandle } of messages) {
    const order = JSON.parse(body)
    console.log(`order ${order.id} is ${order.state}`)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
  }
}

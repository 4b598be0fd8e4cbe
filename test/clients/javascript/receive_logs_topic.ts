import type { ConsumeMessage } from 'amqplib'
import { connectToBroker } from './broker.ts'

/** Topics: prints messages whose routing key matches one of the arguments. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertExchange('topic_logs', 'topic', { durable: false })
const { queue } = await channel.assertQueue('', { exclusive: true })
for (const pattern of process.argv.slice(2)) await channel.bindQueue(queue, 'topic_logs', pattern)
await channel.consume(queue, print, { noAck: true })
console.log('Waiting for messages')

function print(message: ConsumeMessage | null): void {
  console.log(`Received ${message?.fields.routingKey}: ${message?.content}`)
}

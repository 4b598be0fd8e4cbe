import type { ConsumeMessage } from 'amqplib'
import { connectToBroker } from './broker.ts'

/** Routing: prints messages of the severities that the arguments are. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertExchange('direct_logs', 'direct', { durable: false })
const { queue } = await channel.assertQueue('', { exclusive: true })
for (const severity of process.argv.slice(2)) await channel.bindQueue(queue, 'direct_logs', severity)
await channel.consume(queue, print, { noAck: true })
console.log('Waiting for messages')

function print(message: ConsumeMessage | null): void {
  console.log(`Received ${message?.fields.routingKey}: ${message?.content}`)
}

import { connectToBroker } from './broker.ts'

/** Topics: sends the second argument under the routing key that the first one is. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
const [, , routingKey = '', message = ''] = process.argv
await channel.assertExchange('topic_logs', 'topic', { durable: false })
channel.publish('topic_logs', routingKey, Buffer.from(message))
console.log(`Sent ${routingKey}: ${message}`)
await channel.close()
await connection.close()

import { connectToBroker } from './broker.ts'

/** Publish/subscribe: sends the first argument to everybody who listens. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
const [, , message = ''] = process.argv
await channel.assertExchange('logs', 'fanout', { durable: false })
channel.publish('logs', '', Buffer.from(message))
console.log(`Sent ${message}`)
await channel.close()
await connection.close()

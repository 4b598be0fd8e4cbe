import { connectToBroker } from './broker.ts'

/** Routing: sends the second argument with the severity that the first one is. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
const [, , severity = '', message = ''] = process.argv
await channel.assertExchange('direct_logs', 'direct', { durable: false })
channel.publish('direct_logs', severity, Buffer.from(message))
console.log(`Sent ${severity}: ${message}`)
await channel.close()
await connection.close()

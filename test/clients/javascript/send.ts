import { connectToBroker } from './broker.ts'

/** Hello world: sends one message to a queue by its name. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertQueue('hello', { durable: false })
channel.sendToQueue('hello', Buffer.from('Hello World!'))
console.log('Sent Hello World!')
await channel.close()
await connection.close()

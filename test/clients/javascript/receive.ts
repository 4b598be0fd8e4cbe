import { connectToBroker } from './broker.ts'

/** Hello world: prints what comes into the queue, until it is ended. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertQueue('hello', { durable: false })
await channel.consume('hello', (message) => console.log(`Received ${message?.content}`), { noAck: true })
console.log('Waiting for messages')

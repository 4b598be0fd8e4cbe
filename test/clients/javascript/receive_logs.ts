import { connectToBroker } from './broker.ts'

/** Publish/subscribe: prints what is sent from now on; a queue of its own goes when it goes. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertExchange('logs', 'fanout', { durable: false })
const { queue } = await channel.assertQueue('', { exclusive: true })
await channel.bindQueue(queue, 'logs', '')
await channel.consume(queue, (message) => console.log(`Received ${message?.content}`), { noAck: true })
console.log('Waiting for messages')

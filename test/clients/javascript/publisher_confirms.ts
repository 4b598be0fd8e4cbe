import { connectToBroker } from './broker.ts'

/** Publisher confirms: publishes as many messages as the argument says and waits for all; then one that nobody gets. */
const connection = await connectToBroker()
const channel = await connection.createConfirmChannel()
const { queue } = await channel.assertQueue('', { exclusive: true })
const count = Number(process.argv[2])
for (let index = 0; index < count; index += 1) {
  channel.sendToQueue(queue, Buffer.from(String(index)), { mandatory: true })
}
await channel.waitForConfirms()
console.log(`Confirmed ${count}`)
channel.on('return', ({ fields }) => console.log(`Returned ${'replyText' in fields ? fields.replyText : ''}`))
channel.sendToQueue('nobody', Buffer.from('lost'), { mandatory: true })
await channel.waitForConfirms()

const received = new Set<string>()
const { promise: allReceived, resolve: onAll } = Promise.withResolvers<void>()
await channel.consume(queue, (message) => {
  if (message === null) return
  channel.ack(message)
  received.add(message.content.toString())
  if (received.size === count) onAll()
})
await allReceived
console.log(`Received ${received.size}`)
await channel.close()
await connection.close()

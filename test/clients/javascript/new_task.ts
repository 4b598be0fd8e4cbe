import { connectToBroker } from './broker.ts'

/** Work queues: queues a task for each argument; each full stop in it is a tenth of a second of work. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertQueue('task_queue', { durable: true })
for (const task of process.argv.slice(2)) {
  channel.sendToQueue('task_queue', Buffer.from(task), { persistent: true })
  console.log(`Sent ${task}`)
}
await channel.close()
await connection.close()

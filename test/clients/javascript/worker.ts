import { setTimeout } from 'node:timers/promises'
import type { ConsumeMessage } from 'amqplib'
import { connectToBroker } from './broker.ts'

/** Work queues: takes one task at a time, and acknowledges it once it is done. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertQueue('task_queue', { durable: true })
await channel.prefetch(1)
await channel.consume('task_queue', onTask)
console.log('Waiting for messages')

async function onTask(message: ConsumeMessage | null): Promise<void> {
  if (message === null) return
  const task = message.content.toString()
  console.log(`Received ${task}${message.fields.redelivered ? ' again' : ''}`)
  await setTimeout(100 * (task.split('.').length - 1))
  channel.ack(message)
  console.log(`Done ${task}`)
}

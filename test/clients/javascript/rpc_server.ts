import type { ConsumeMessage } from 'amqplib'
import { connectToBroker } from './broker.ts'

/** RPC: answers Fibonacci numbers. */
const connection = await connectToBroker()
const channel = await connection.createChannel()
await channel.assertQueue('rpc_queue', { durable: false })
await channel.prefetch(1)
await channel.consume('rpc_queue', onRequest)
console.log('Waiting for requests')

function onRequest(request: ConsumeMessage | null): void {
  if (request === null) return
  const { replyTo, correlationId } = request.properties
  const answer = String(fibonacci(Number(request.content)))
  channel.sendToQueue(replyTo, Buffer.from(answer), { correlationId })
  channel.ack(request)
}

function fibonacci(n: number): number {
  let [before, number] = [1, 0]
  for (let index = 0; index < n; index += 1) [before, number] = [number, before + number]
  return number
}

import { randomUUID } from 'node:crypto'
import { connectToBroker } from './broker.ts'

/** RPC: asks for the Fibonacci numbers of the arguments. With `direct` first, answers come without a queue. */
const isDirect = process.argv[2] === 'direct'
const connection = await connectToBroker()
const channel = await connection.createChannel()
const replyTo = isDirect ? 'amq.rabbitmq.reply-to' : (await channel.assertQueue('', { exclusive: true })).queue
const waiting = new Map<string, (answer: string) => void>()
const onAnswer = ({ properties, content }: { properties: { correlationId: string }; content: Buffer }): void =>
  waiting.get(properties.correlationId)?.(content.toString())
await channel.consume(replyTo, (message) => message && onAnswer(message), { noAck: true })

function call(n: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const correlationId = randomUUID()
  waiting.set(correlationId, resolve)
  channel.sendToQueue('rpc_queue', Buffer.from(n), { correlationId, replyTo })
  return promise
}

for (const n of process.argv.slice(isDirect ? 3 : 2)) console.log(`fib(${n}) is ${await call(n)}`)
await channel.close()
await connection.close()

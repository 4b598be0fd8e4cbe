/**
 * A program: an endpoint that answers sends as SQS does and keeps nothing, after `--delay-ms`, so that what is measured
 * is the sender's side alone. Prints its port.
 */
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type MessageAttribute, md5OfAttributes } from '../../lib/local/sqs/message-digest.ts'

interface Sent {
  readonly Id?: string
  readonly MessageBody: string
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>
}

type Input = Readonly<Record<string, unknown>>

const { values } = parseArgs({ options: { 'delay-ms': { type: 'string', default: '0' } } })
const delayMs = Number(values['delay-ms'])
let port = 0

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.once('end', async () => {
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Input
    const action = String(request.headers['x-amz-target']).split('.')[1] ?? ''
    if (delayMs > 0) await sleep(delayMs)
    const body = Buffer.from(JSON.stringify(ANSWERS[action]?.(input) ?? {}))
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': body.length }).end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  port = (server.address() as AddressInfo).port
  console.log(port)
})

const ANSWERS: Readonly<Record<string, (input: Input) => object>> = {
  CreateQueue: ({ QueueName }) => ({ QueueUrl: `http://127.0.0.1:${port}/000000000000/${QueueName}` }),
  GetQueueAttributes: ({ QueueUrl }) => ({
    Attributes: { QueueArn: `arn:aws:sqs:us-east-1:000000000000:${String(QueueUrl).split('/').at(-1)}` },
  }),
  SendMessage: (input) => answerTo(input as unknown as Sent),
  SendMessageBatch: ({ Entries }) => ({
    Successful: (Entries as readonly Sent[]).map((entry) => ({ Id: entry.Id, ...answerTo(entry) })),
  }),
}

const answerTo = ({ MessageBody, MessageAttributes = {} }: Sent): object => ({
  MessageId: '00000000-0000-0000-0000-000000000000',
  MD5OfMessageBody: hash('md5', MessageBody, 'hex'),
  MD5OfMessageAttributes: md5OfAttributes(new Map(Object.entries(MessageAttributes))),
})

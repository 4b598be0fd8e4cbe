import { randomBytes } from 'node:crypto'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { expect, it } from 'vitest'

/** An SQS under test. */
export interface SqsBackend {
  readonly client: SQSClient
  stop(): Promise<void>
  /** Moves the backend's clock forward, where it has one that can be moved. */
  advance?(ms: number): void
}

export interface SqsQueuesOptions {
  readonly name: string
  start(): Promise<SqsBackend>
  /** Behaviours this backend is known not to have: the test's exact name and the reason. */
  readonly skip?: Readonly<Record<string, string>>
}

/** Defines the suite's tests against one backend. */
export interface Suite {
  test(name: string, body: (sqs: Sqs) => Promise<void>): void
  /** A behaviour that takes minutes: skipped, with the reason, where the clock cannot be moved. */
  timed(name: string, body: (sqs: Sqs, advance: (ms: number) => void) => Promise<void>): void
}

export const FIFO = { FifoQueue: 'true' } as const

/** The calls that nearly every test makes, without their wrapping. */
export class Sqs {
  readonly client: SQSClient

  constructor(client: SQSClient) {
    this.client = client
  }

  async createQueue(attributes: Readonly<Record<string, string>> = {}): Promise<string> {
    const suffix = attributes.FifoQueue === 'true' ? '.fifo' : ''
    return await this.createNamedQueue(uniqueName() + suffix, attributes)
  }

  async createNamedQueue(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<string> {
    const { QueueUrl } = await this.client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }))
    if (QueueUrl === undefined) throw new Error('CreateQueue answered no QueueUrl')
    return QueueUrl
  }

  async send(
    queueUrl: string,
    body: string,
    more: Partial<SendMessageCommandInput> = {},
  ): Promise<SendMessageCommandOutput> {
    return await this.client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, ...more }))
  }

  async receive(queueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
    const input = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, ...more }
    return (await this.client.send(new ReceiveMessageCommand(input))).Messages ?? []
  }

  async receiveBodies(
    queueUrl: string,
    more: Partial<ReceiveMessageCommandInput> = {},
  ): Promise<(string | undefined)[]> {
    return (await this.receive(queueUrl, more)).map((message) => message.Body)
  }

  /** The one message that is there. */
  async receiveOne(queueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Received> {
    const messages = await this.receive(queueUrl, more)
    expect(messages).toHaveLength(1)
    const [message] = messages
    if (message?.ReceiptHandle === undefined) throw new Error('a received message has no receipt handle')
    return { ...message, ReceiptHandle: message.ReceiptHandle }
  }

  async delete(queueUrl: string, message: Message): Promise<void> {
    await this.client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }))
  }

  async attributes(queueUrl: string): Promise<Record<string, string>> {
    const input = { QueueUrl: queueUrl, AttributeNames: ['All' as const] }
    return (await this.client.send(new GetQueueAttributesCommand(input))).Attributes ?? {}
  }

  /** Visible, in flight, delayed. */
  async counts(queueUrl: string): Promise<number[]> {
    const attributes = await this.attributes(queueUrl)
    const suffixes = ['', 'NotVisible', 'Delayed']
    return suffixes.map((suffix) => Number(attributes[`ApproximateNumberOfMessages${suffix}`]))
  }

  async arnOf(queueUrl: string): Promise<string> {
    return (await this.attributes(queueUrl)).QueueArn ?? ''
  }
}

export type Received = Message & { readonly ReceiptHandle: string }

export function uniqueName(): string {
  return `conformance-${randomBytes(8).toString('hex')}`
}

/** Long enough for a slow backend, and for the longest wait of a test. */
const TIMEOUT_MS = 20_000

/** The error a call fails with. */
export async function errorOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('the call did not fail')
}

/** @param titles collects the names of the tests that are defined */
export function createSuite(
  backend: () => SqsBackend,
  skip: Readonly<Record<string, string>>,
  titles: Set<string>,
): Suite {
  const test: Suite['test'] = (name, body) => {
    titles.add(name)
    it(name, { timeout: TIMEOUT_MS }, async (context) => {
      context.skip(skip[name] !== undefined, skip[name])
      await body(new Sqs(backend().client))
    })
  }
  const timed: Suite['timed'] = (name, body) => {
    titles.add(name)
    it(name, { timeout: TIMEOUT_MS }, async (context) => {
      context.skip(skip[name] !== undefined, skip[name])
      const { client, advance } = backend()
      if (advance === undefined) return context.skip('needs a clock that can be moved forward')
      await body(new Sqs(client), advance)
    })
  }
  return { test, timed }
}

import { openSqsEngine, type SqsEngine, type SqsEngineOptions } from '../../../lib/local/sqs/engine.ts'

export interface ReceivedMessage {
  readonly MessageId: string
  readonly ReceiptHandle: string
  readonly Body: string
  readonly Attributes: Readonly<Record<string, string>>
}

/** Members of the outputs and errors that tests look at. */
export interface Output {
  readonly __type?: string
  readonly message?: string
  readonly QueueUrl?: string
  readonly MessageId?: string
  readonly TaskHandle?: string
  readonly Messages?: readonly ReceivedMessage[]
  readonly Attributes?: Readonly<Record<string, string>>
  readonly Failed?: readonly Readonly<Record<string, unknown>>[]
  readonly Results?: readonly Readonly<Record<string, unknown>>[]
  readonly ApproximateNumberOfMessagesMoved?: number
}

export interface Answer {
  readonly status: number
  readonly output: Output
}

/** An engine without a server or a client: one call, one answer. */
export class DirectEngine {
  readonly engine: SqsEngine

  constructor(options: Partial<SqsEngineOptions> & { readonly file: string }) {
    this.engine = openSqsEngine({ endpoint: () => 'http://127.0.0.1:1', ...options })
  }

  async call(action: string, input: object, signal = new AbortController().signal): Promise<Answer> {
    const body = JSON.stringify(input)
    const response = await this.engine.handle({ target: `AmazonSQS.${action}`, body, signal })
    return { status: response.status, output: JSON.parse(response.body) }
  }

  async createQueue(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<string> {
    const { output } = await this.call('CreateQueue', { QueueName: name, Attributes: attributes })
    if (output.QueueUrl === undefined) throw new Error(`CreateQueue failed: ${output.message}`)
    return output.QueueUrl
  }

  async send(queueUrl: string, body: string, more: object = {}): Promise<Answer> {
    return await this.call('SendMessage', { QueueUrl: queueUrl, MessageBody: body, ...more })
  }

  async receive(queueUrl: string, more: object = {}, signal?: AbortSignal): Promise<readonly ReceivedMessage[]> {
    const input = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, ...more }
    return (await this.call('ReceiveMessage', input, signal)).output.Messages ?? []
  }

  async receiveBodies(queueUrl: string, more: object = {}, signal?: AbortSignal): Promise<string[]> {
    return (await this.receive(queueUrl, more, signal)).map((message) => message.Body)
  }

  /** Visible, in flight, delayed. */
  async counts(queueUrl: string): Promise<number[]> {
    const { output } = await this.call('GetQueueAttributes', { QueueUrl: queueUrl, AttributeNames: ['All'] })
    return ['', 'NotVisible', 'Delayed'].map((suffix) =>
      Number(output.Attributes?.[`ApproximateNumberOfMessages${suffix}`]),
    )
  }
}

import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchCommandInput,
  CreateQueueCommand,
  type CreateQueueCommandInput,
  DeleteMessageBatchCommand,
  type DeleteMessageBatchCommandInput,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  type SendMessageBatchCommandInput,
  SetQueueAttributesCommand,
  type SetQueueAttributesCommandInput,
  SQSClient,
  type SQSClientConfig,
} from '@aws-sdk/client-sqs'
import { type AwsOptions, clientOptions } from '../config.ts'

/** What a batch call answers: HTTP 200 may hold failures, so every entry is looked up by its id. */
export interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined
  readonly Failed?: readonly BatchResultErrorEntry[] | undefined
}

/** The calls of SQS that this room makes, one request each. They throw what the SDK throws. */
export interface SqsApi {
  sendMessageBatch(input: SendMessageBatchCommandInput): Promise<BatchAnswer>
  deleteMessageBatch(input: DeleteMessageBatchCommandInput): Promise<BatchAnswer>
  changeMessageVisibilityBatch(input: ChangeMessageVisibilityBatchCommandInput): Promise<BatchAnswer>
  receiveMessage(input: ReceiveMessageCommandInput, signal?: AbortSignal): Promise<readonly Message[]>
  createQueue(input: CreateQueueCommandInput): Promise<void>
  deleteQueue(queueUrl: string): Promise<void>
  setQueueAttributes(input: SetQueueAttributesCommandInput): Promise<void>
  getQueueAttributes(queueUrl: string, names: QueueAttributeName[]): Promise<Readonly<Record<string, string>>>
  /** Closes the connections. */
  close(): void
}

const MAX_ATTEMPTS = 3
const CONNECTION_TIMEOUT_MS = 2000
/** Ample for a batch of 1 MiB, and three attempts end before a request to API Gateway does. */
const REQUEST_TIMEOUT_MS = 5000
/** After this a call has been answered or has failed, pauses between attempts and long polls aside. */
export const LONGEST_CALL_MS = MAX_ATTEMPTS * REQUEST_TIMEOUT_MS
/** Wide fan-outs and the polls of many queues run beside each other; a socket costs nothing until it is used. */
const MAX_SOCKETS = 256

/** A request is given up after `requestTimeoutMs`; a long poll is given its wait on top. */
export function openSqs(aws: AwsOptions, requestTimeoutMs = REQUEST_TIMEOUT_MS): SqsApi {
  const client = new SQSClient(clientConfig(aws, requestTimeoutMs))
  return {
    sendMessageBatch: (input) => client.send(new SendMessageBatchCommand(input)),
    deleteMessageBatch: (input) => client.send(new DeleteMessageBatchCommand(input)),
    changeMessageVisibilityBatch: (input) => client.send(new ChangeMessageVisibilityBatchCommand(input)),
    receiveMessage: async (input, signal) => {
      const requestTimeout = (input.WaitTimeSeconds ?? 0) * 1000 + requestTimeoutMs
      const options = signal === undefined ? { requestTimeout } : { requestTimeout, abortSignal: signal }
      const { Messages } = await client.send(new ReceiveMessageCommand(input), options)
      return Messages ?? []
    },
    createQueue: async (input) => {
      await client.send(new CreateQueueCommand(input))
    },
    deleteQueue: async (queueUrl) => {
      await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }))
    },
    setQueueAttributes: async (input) => {
      await client.send(new SetQueueAttributesCommand(input))
    },
    getQueueAttributes: async (queueUrl, names) => {
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: names }),
      )
      return Attributes ?? {}
    },
    close: () => client.destroy(),
  }
}

function clientConfig(aws: AwsOptions, requestTimeout: number): SQSClientConfig {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS }
  return {
    // Queue URLs come from the configuration, as the endpoint does: neither overrides the other.
    useQueueUrlAsEndpoint: false,
    maxAttempts: MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
    ...clientOptions(aws, 'sqs'),
  }
}

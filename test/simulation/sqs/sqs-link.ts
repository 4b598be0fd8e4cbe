import type { Message, MessageAttributeValue, QueueAttributeName } from '@aws-sdk/client-sqs'
import type { BatchAnswer, SqsApi } from '../../../lib/delivery/sqs-client.ts'
import type { SimWorld } from '../../support/sim-world.ts'
import { atOnce, type CallOptions, type Network, NetworkError } from '../network.ts'
import { currentOperation, onBehalfOf } from '../operation.ts'
import { type SimReceived, SimSqsError } from './sim-message.ts'
import type { SimSqs } from './sim-sqs.ts'

/** As sqs-client.ts makes them. */
const CALL: CallOptions = { attempts: 3, timeoutMs: 5000 }

interface Entry {
  readonly Id?: string | undefined
}
interface FailedEntry {
  Id: string
  Code: string
  Message: string
  SenderFault: boolean
}

/** One process's SQS client. Calls about a queue that is out fail at SQS. */
export function sqsLink(sqs: SimSqs, network: Network, world: SimWorld, isOut: (queueName: string) => boolean): SqsApi {
  const call = <T>(act: () => T, options = CALL): Promise<T> => network.call(options, atOnce(inContext(act)))

  const batch = <E extends Entry>(
    entries: readonly E[] | undefined = [],
    name: string,
    apply: (entry: E) => void,
  ): Promise<BatchAnswer> =>
    call(() => {
      if (isOut(name)) throw new NetworkError('ServiceUnavailable', 'server')
      sqs.require(name)
      return answerOf(entries, apply, () => world.chance(network.faults.entryFailed), world)
    })

  return {
    sendMessageBatch: ({ QueueUrl, Entries }) =>
      batch(Entries, nameOf(QueueUrl), (entry) =>
        sqs.send(nameOf(QueueUrl), {
          body: entry.MessageBody ?? '',
          attributes: (entry.MessageAttributes ?? {}) as Readonly<Record<string, MessageAttributeValue>>,
          groupId: entry.MessageGroupId,
          deduplicationId: entry.MessageDeduplicationId,
          delayS: entry.DelaySeconds,
        }),
      ),
    deleteMessageBatch: ({ QueueUrl, Entries }) =>
      batch(Entries, nameOf(QueueUrl), ({ ReceiptHandle = '' }) => sqs.deleteMessage(nameOf(QueueUrl), ReceiptHandle)),
    changeMessageVisibilityBatch: ({ QueueUrl, Entries }) =>
      batch(Entries, nameOf(QueueUrl), ({ ReceiptHandle = '', VisibilityTimeout = 0 }) =>
        sqs.changeVisibility(nameOf(QueueUrl), ReceiptHandle, VisibilityTimeout),
      ),
    receiveMessage: ({ QueueUrl, MaxNumberOfMessages = 1, WaitTimeSeconds = 0, VisibilityTimeout }) => {
      const name = nameOf(QueueUrl)
      const waitMs = WaitTimeSeconds * 1000
      const options = { max: MaxNumberOfMessages, visibilityS: VisibilityTimeout, isFull: waitMs > 0 }
      const receive = inContext(() => sqs.receive(name, options))
      return network.call({ ...CALL, timeoutMs: CALL.timeoutMs + waitMs }, (answer, refuse) => {
        const attempt = (): boolean => {
          try {
            const received = receive()
            if (received.length > 0) answer(received.map(toMessage))
            return received.length > 0
          } catch (refusal) {
            refuse(refusal as Error)
            return true
          }
        }
        if (waitMs === 0) attempt() || answer([])
        else sqs.wait(name, waitMs, attempt, () => answer([]))
      })
    },
    createQueue: ({ QueueName = '', Attributes = {} }) =>
      call(() => sqs.create(QueueName, Attributes as Readonly<Record<string, string>>)),
    setQueueAttributes: ({ QueueUrl, Attributes = {} }) =>
      call(() => sqs.setAttributes(nameOf(QueueUrl), Attributes as Readonly<Record<string, string>>), {
        ...CALL,
        // One that came after a later one would undo it, and nobody would know: leveret doctor finds that.
        isNeverLate: true,
      }),
    deleteQueue: (queueUrl) => call(() => sqs.delete(nameOf(queueUrl))),
    getQueueAttributes: (queueUrl, names) => call(() => attributesOf(sqs, nameOf(queueUrl), names)),
    close: () => undefined,
  }
}

/** What happens at the service happens on behalf of whoever asked, whatever event brings it about. */
function inContext<T>(act: () => T): () => T {
  const operation = currentOperation()
  return operation === undefined ? act : () => onBehalfOf(operation, act)
}

const nameOf = (url = ''): string => url.slice(url.lastIndexOf('/') + 1)

function answerOf<E extends Entry>(
  entries: readonly E[],
  apply: (entry: E) => void,
  fails: () => boolean,
  world: SimWorld,
): BatchAnswer {
  const successful: { Id: string }[] = []
  const failed: FailedEntry[] = []
  for (const entry of entries) {
    const Id = entry.Id ?? ''
    const failure = fails()
      ? world.pick(['before', 'after', 'throttled', 'unmentioned', 'refused'] as const)
      : undefined
    try {
      if (failure === undefined || failure === 'after' || failure === 'unmentioned') apply(entry)
    } catch (error) {
      if (!(error instanceof SimSqsError)) throw error
      failed.push({ Id, Code: error.name, Message: error.message, SenderFault: true })
      continue
    }
    if (failure === undefined) successful.push({ Id })
    else if (failure === 'throttled') failed.push({ Id, Code: 'RequestThrottled', Message: '', SenderFault: true })
    else if (failure === 'refused') failed.push({ Id, Code: 'InvalidMessageContents', Message: '', SenderFault: true })
    else if (failure !== 'unmentioned') failed.push({ Id, Code: 'InternalError', Message: '', SenderFault: false })
  }
  return { Successful: successful, Failed: failed }
}

function attributesOf(sqs: SimSqs, name: string, names: readonly QueueAttributeName[]): Record<string, string> {
  const queue = sqs.require(name)
  const [visible, inFlight, delayed] = queue.counts(sqs.nowMs)
  const all: Record<string, string> = {
    ...queue.attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  }
  if (names.includes('All')) return all
  return Object.fromEntries(names.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]])))
}

/** As the SDK answers it, system attributes and all. */
export function toMessage({ message, receiptHandle }: SimReceived): Message {
  const { sent } = message
  return {
    MessageId: message.messageId,
    ReceiptHandle: receiptHandle,
    Body: sent.body,
    MessageAttributes: { ...sent.attributes },
    Attributes: {
      ApproximateReceiveCount: String(message.priorReceiveCount + message.receiveCount),
      ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs ?? message.sentAtMs),
      SentTimestamp: String(message.sentAtMs),
      ...(sent.groupId !== undefined && { MessageGroupId: sent.groupId }),
      ...(sent.deduplicationId !== undefined && { MessageDeduplicationId: sent.deduplicationId }),
      ...(message.sourceArn !== undefined && { DeadLetterQueueSourceArn: message.sourceArn }),
    },
  }
}

import type {
  ChangeMessageVisibilityBatchCommandInput,
  DeleteMessageBatchCommandInput,
  Message,
  ReceiveMessageCommandInput,
  SendMessageBatchCommandInput,
  SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs'
import { QueueDoesNotExist } from '@aws-sdk/client-sqs'
import type { BatchAnswer, SqsApi } from '../../lib/delivery/sqs-client.ts'

type BatchInput =
  | SendMessageBatchCommandInput
  | DeleteMessageBatchCommandInput
  | ChangeMessageVisibilityBatchCommandInput

/**
 * What goes wrong with a batch call: `lost` happens and then the connection breaks, `refused` does not happen; a record
 * holds the codes with which single entries fail, by their place, the others succeed.
 */
export type Fault = 'lost' | 'refused' | Error | Readonly<Record<number, { code: string; senderFault?: boolean }>>

export interface ScriptedSqs extends SqsApi {
  /** Every batch call that was made, in order. */
  readonly calls: BatchInput[]
  /** What arrived, in the order of arrival, by the URL of its queue. */
  readonly arrived: Map<string, SendMessageBatchRequestEntry[]>
  readonly receives: ReceiveMessageCommandInput[]
}

export interface Script {
  /** Asked once for each batch call; undefined is success. */
  readonly fault?: (input: BatchInput, callIndex: number) => Fault | undefined
  readonly missingQueues?: readonly string[]
  /** The answers to receives in turn; none beyond them. */
  readonly answers?: readonly (readonly Message[] | Error)[]
}

/** SQS as far as batch calls go, with faults at will; nothing is kept but what the tests look at. */
export function scriptedSqs({ fault, missingQueues = [], answers = [] }: Script = {}): ScriptedSqs {
  const calls: BatchInput[] = []
  const arrived: ScriptedSqs['arrived'] = new Map()
  const receives: ReceiveMessageCommandInput[] = []

  const batch = async (input: BatchInput): Promise<BatchAnswer> => {
    const index = calls.push(input) - 1
    const url = input.QueueUrl ?? ''
    if (missingQueues.includes(url)) throw new QueueDoesNotExist({ $metadata: {}, message: 'no such queue' })
    const happening = fault?.(input, index)
    if (happening === 'refused') throw connectionError()
    if (happening instanceof Error) throw happening
    const failures = happening === 'lost' ? {} : (happening ?? {})
    const answer: Required<{ Successful: { Id: string }[]; Failed: NonNullable<BatchAnswer['Failed']>[number][] }> = {
      Successful: [],
      Failed: [],
    }
    for (const [place, entry] of (input.Entries ?? []).entries()) {
      const failure = failures[place]
      const Id = entry.Id ?? ''
      if (failure) answer.Failed.push({ Id, Code: failure.code, SenderFault: failure.senderFault ?? false })
      else answer.Successful.push({ Id })
      if (!failure && 'MessageBody' in entry) arrived.set(url, [...(arrived.get(url) ?? []), entry])
    }
    if (happening === 'lost') throw connectionError()
    return answer
  }

  return {
    calls,
    arrived,
    receives,
    sendMessageBatch: batch,
    deleteMessageBatch: batch,
    changeMessageVisibilityBatch: batch,
    receiveMessage: async (input) => {
      const answer = answers[receives.push(input) - 1] ?? []
      if (answer instanceof Error) throw answer
      return answer
    },
    createQueue: unexpected,
    deleteQueue: unexpected,
    setQueueAttributes: unexpected,
    getQueueAttributes: unexpected,
    close: () => {},
  }
}

const connectionError = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

const unexpected = async (): Promise<never> => {
  throw new Error('not part of the script')
}

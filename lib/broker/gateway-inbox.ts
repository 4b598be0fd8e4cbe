import { type CopyIdentity, encodeCopy } from '../delivery/copy.ts'
import type { Envelope } from '../delivery/envelope.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import type { ReceiveOptions } from '../delivery/sqs-receiver.ts'
import { logError } from '../log.ts'
import { unavailable } from '../model/errors.ts'
import type { Broker } from './broker.ts'
import { newId } from './change.ts'
import { inboxName } from './inbox.ts'

/** A copy for one of the queues in a gateway's memory. */
export interface InboxCopy {
  readonly queueId: string
  readonly envelope: Envelope
  readonly identity: CopyIdentity
}

/** What somebody asks a gateway to do. */
export interface InboxRequest {
  /** The id of the connection that is to be closed. */
  readonly closeConnection: string
  readonly reason: string
}

/** What a gateway sends to itself, to know that what was sent before is received. */
export interface InboxMark {
  readonly mark: string
}

export interface InboxContents {
  readonly copies: readonly InboxCopy[]
  readonly marks: readonly InboxMark[]
  readonly requests: readonly InboxRequest[]
}

/** In place of a queue's id, which is never so. */
const CONTROL = 'control'
/** Long enough to read payloads in. */
const VISIBILITY_S = 30

/** Receives what comes to a gateway. Each message comes once: it is deleted before it is answered. */
export class Inbox {
  readonly #broker: Broker
  readonly #name: string
  /** Received, but SQS has not confirmed that they are deleted: they are not to come twice. By SQS's message id. */
  readonly #undeleted = new Set<string>()

  constructor(broker: Broker, gatewayId: string) {
    this.#broker = broker
    this.#name = inboxName(broker.config, gatewayId)
  }

  /**
   * Waits for messages. `vhostIdOf`: the vhost of a queue in memory; what comes for others, which are gone, is dropped.
   * Rejects where SQS fails, with `MissingQueueError` where somebody has deleted the inbox.
   */
  async receive(
    options: Pick<ReceiveOptions, 'max' | 'waitS' | 'signal'>,
    vhostIdOf: (queueId: string) => string | undefined,
  ): Promise<InboxContents> {
    const { receiver } = this.#broker.delivery
    const request = { ...options, queueName: '', visibilityS: VISIBILITY_S, once: true }
    const { copies: received } = await receiver.receive(this.#name, request)
    const opened = await Promise.all(received.map((copy) => this.#open(copy, vhostIdOf)))
    const readable = received.filter((_, index) => opened[index] !== 'unreadable')
    const outcomes = await receiver.deleteBatch(
      this.#name,
      readable.map(({ receiptHandle }) => receiptHandle),
    )
    const isNew = new Set<ReceivedCopy>()
    for (const [index, copy] of readable.entries()) {
      if (!this.#undeleted.has(copy.messageId)) isNew.add(copy)
      if (outcomes[index]?.status === 'done') this.#undeleted.delete(copy.messageId)
      else this.#undeleted.add(copy.messageId)
    }
    const news = opened.filter((_, index) => isNew.has(received[index] as ReceivedCopy))
    return {
      copies: news.filter((one): one is InboxCopy => typeof one === 'object' && 'queueId' in one),
      marks: news.filter((one): one is InboxMark => typeof one === 'object' && 'mark' in one),
      requests: news.filter((one): one is InboxRequest => typeof one === 'object' && 'closeConnection' in one),
    }
  }

  async #open(
    { identity, message }: ReceivedCopy,
    vhostIdOf: (queueId: string) => string | undefined,
  ): Promise<InboxCopy | InboxRequest | InboxMark | 'nobodys' | 'unreadable'> {
    if (!identity) return 'nobodys'
    const { queueId } = identity
    try {
      if (queueId === CONTROL) return 'payload' in message.body ? parseControl(message.body.payload) : 'nobodys'
      const vhostId = vhostIdOf(queueId)
      if (vhostId === undefined) return 'nobodys'
      return { queueId, identity, envelope: await this.#broker.delivery.claimChecks.open(message, vhostId) }
    } catch (error) {
      logError('a message for a connection could not be read', error)
      return 'unreadable'
    }
  }
}

function parseControl(payload: Uint8Array): InboxRequest | InboxMark | 'nobodys' {
  const { close, reason, mark } = JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>
  if (typeof mark === 'string') return { mark }
  return typeof close === 'string' && typeof reason === 'string' ? { closeConnection: close, reason } : 'nobodys'
}

/** Asks the gateway of a connection to close it. Throws `unavailable`. A gateway that is gone has closed it. */
export async function requestClose(broker: Broker, gatewayId: string, request: InboxRequest): Promise<void> {
  if (await sendControl(broker, gatewayId, { close: request.closeConnection, reason: request.reason })) return
  throw unavailable('the gateway of the connection could not be reached: try again')
}

/** Puts a mark into a gateway's inbox, behind what was sent to it before as far as SQS keeps order. Throws `unavailable`. */
export async function sendMark(broker: Broker, gatewayId: string, { mark }: InboxMark): Promise<void> {
  if (await sendControl(broker, gatewayId, { mark })) return
  throw unavailable('the inbox of the gateway could not be reached: try again')
}

/** Whether it arrived, or the gateway is gone. */
async function sendControl(broker: Broker, gatewayId: string, content: Record<string, string>): Promise<boolean> {
  const payload = Buffer.from(JSON.stringify(content))
  const message = { exchange: '', routingKey: '', properties: {}, payload }
  const encoded = await broker.delivery.claimChecks.encode({ message, bccKeys: [] }, { vhostId: '' })
  const copyAttribute = encodeCopy({ publishId: newId(broker), queueId: CONTROL, hop: 0 })
  const sqsQueueName = inboxName(broker.config, gatewayId)
  const [outcome] = await broker.delivery.sender.send([{ sqsQueueName, message: encoded, copyAttribute }])
  return outcome?.status === 'sent' || outcome?.status === 'missing-queue'
}

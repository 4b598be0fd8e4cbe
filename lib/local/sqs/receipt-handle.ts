import { crc32 } from 'node:zlib'
import { SqsError } from './errors.ts'

/** What a receipt handle stands for: one receive of one message. */
export interface Receipt {
  readonly queueId: number
  readonly seq: number
  /** Which receive of the message this was, from 1 up. */
  readonly receipt: number
}

/** An opaque handle. It outlives a restart: it names rows, and rows are never numbered twice. */
export function formatReceiptHandle({ queueId, seq, receipt }: Receipt): string {
  const text = `${queueId}.${seq}.${receipt}`
  return `${text}.${checkOf(text)}`
}

/** @throws ReceiptHandleIsInvalid for what this engine never issued, or issued for another queue. */
export function parseReceiptHandle(handle: string, queueId: number): Receipt {
  const [queue, seq, receipt, check] = handle.split('.')
  if (check !== checkOf(`${queue}.${seq}.${receipt}`) || Number(queue) !== queueId) {
    throw new SqsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`)
  }
  return { queueId, seq: Number(seq), receipt: Number(receipt) }
}

/** Against handles of other origin, not against forgers: whoever can settle messages can receive them. */
const checkOf = (text: string): string => crc32(`leveret-receipt:${text}`).toString(36)

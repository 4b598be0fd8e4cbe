import { hash } from 'node:crypto'
import { SqsError } from './errors.ts'

/** What a receipt handle stands for: one receive of one message. */
export interface Receipt {
  readonly queueId: number
  readonly seq: number
  /** Which receive of the message this was, from 1 up. */
  readonly receipt: number
}

const CHECK_LENGTH = 12

/** An opaque handle. It outlives a restart: it names rows, and rows are never numbered twice. */
export function formatReceiptHandle({ queueId, seq, receipt }: Receipt): string {
  const text = `${queueId}.${seq}.${receipt}`
  return Buffer.from(`${text}.${checkOf(text)}`).toString('base64')
}

/** @throws ReceiptHandleIsInvalid for what this engine never issued, or issued for another queue. */
export function parseReceiptHandle(handle: string, queueId: number): Receipt {
  const [queue, seq, receipt, check] = Buffer.from(handle, 'base64').toString('latin1').split('.')
  if (check !== checkOf(`${queue}.${seq}.${receipt}`) || Number(queue) !== queueId) {
    throw new SqsError('ReceiptHandleIsInvalid', `The input receipt handle "${handle}" is not a valid receipt handle.`)
  }
  return { queueId, seq: Number(seq), receipt: Number(receipt) }
}

function checkOf(text: string): string {
  return hash('sha1', `leveret-receipt:${text}`, 'hex').slice(0, CHECK_LENGTH)
}

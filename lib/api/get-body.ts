import type { AckMode } from '../broker/get-input.ts'
import type { AmqpTable, AmqpValue } from '../model/amqp-value.ts'
import { invalid } from '../model/errors.ts'
import { MAX_VISIBILITY_S } from '../model/queue.ts'
import { assertFields, integerValue, optionalInteger } from './body.ts'
import type { PayloadForm } from './payload-form.ts'

/** What a get asks for (contract §1.4, and manual settling of docs/api.md). */
export interface GetBody {
  readonly count: number
  readonly ackMode: AckMode
  readonly waitS: number
  readonly visibilityS: number | undefined
  readonly form: PayloadForm
}

/** SQS's limit (AWS, service quotas), s. */
const MAX_WAIT_S = 20

const ACK_MODES: readonly AckMode[] = [
  'ack_requeue_true',
  'ack_requeue_false',
  'reject_requeue_true',
  'reject_requeue_false',
  'manual',
]

/** What RabbitMQ asks of a body before it opens a channel. Throws `invalid` in its words. */
export const assertGetFields = (body: AmqpTable): void => assertFields(body, ['ackmode', 'count', 'encoding'])

/** Of a body that has the fields. Throws `invalid`, where RabbitMQ has words for it in these. */
export function parseGetBody(body: AmqpTable): GetBody {
  return {
    count: parseCount(body.count),
    waitS: optionalInteger(body, 'wait', [0, MAX_WAIT_S]) ?? 0,
    visibilityS: optionalInteger(body, 'visibility', [1, MAX_VISIBILITY_S]),
    form: {
      encoding: parseEncoding(body.encoding),
      truncateBytes: optionalInteger(body, 'truncate', [0, Number.MAX_SAFE_INTEGER]),
    },
    ackMode: parseAckMode(body.ackmode ?? null),
  }
}

function parseCount(value: AmqpValue | undefined): number {
  const count = integerValue(value)
  if (count >= 0) return count
  throw invalid(`count is ${count}, it must be 0 or more`)
}

function parseAckMode(value: AmqpValue): AckMode {
  const ackMode = ACK_MODES.find((known) => known === value)
  if (ackMode) return ackMode
  throw invalid(`Invalid ackmode value: ${String(value).slice(0, 40)}. It must be one of ${ACK_MODES.join(', ')}`)
}

/** Throws `invalid`. */
export function parseEncoding(value: AmqpValue | undefined): 'auto' | 'base64' {
  if (value === 'auto' || value === 'base64') return value
  throw invalid('Unsupported encoding. Please use auto or base64.')
}

/** A message that may be received now. */
export interface ReceivableRow {
  readonly seq: number
  readonly visible_at: number
  readonly receive_count: number
  readonly receipt: number
  readonly first_received_at: number | null
  readonly sent_at: number
  readonly group_id: string | null
  readonly message_id: string
  readonly body: string
  readonly attributes: string | null
  readonly dedup_id: string | null
  readonly trace_header: string | null
  readonly source_arn: string | null
  readonly prior_receive_count: number
}

/** The columns of a ReceivableRow, of `messages` as m and `contents` as c, as {@link toReceivable} takes them. */
export const RECEIVABLE_COLUMNS = `m.seq, m.visible_at, m.receive_count, m.receipt, m.first_received_at, m.sent_at, m.group_id,
  c.message_id, c.body, c.attributes, c.dedup_id, c.trace_header, c.source_arn, c.prior_receive_count`

type ReceivableColumns = [
  seq: number,
  visible_at: number,
  receive_count: number,
  receipt: number,
  first_received_at: number | null,
  sent_at: number,
  group_id: string | null,
  message_id: string,
  body: string,
  attributes: string | null,
  dedup_id: string | null,
  trace_header: string | null,
  source_arn: string | null,
  prior_receive_count: number,
]

export const toReceivable = (columns: ReceivableColumns): ReceivableRow => ({
  seq: columns[0],
  visible_at: columns[1],
  receive_count: columns[2],
  receipt: columns[3],
  first_received_at: columns[4],
  sent_at: columns[5],
  group_id: columns[6],
  message_id: columns[7],
  body: columns[8],
  attributes: columns[9],
  dedup_id: columns[10],
  trace_header: columns[11],
  source_arn: columns[12],
  prior_receive_count: columns[13],
})
